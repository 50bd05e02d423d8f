/** Classic web services: in a workspace, without a plan of their own, reached by the workspace's URLs only. */
import { isId } from '../core/ids.ts';
import { pageOfAll, type PageWish } from '../core/page.ts';
import { notFound, shown, type Refused } from '../core/refusal.ts';
import type { Service } from '../core/service.ts';
import type { KeyPair } from './accounts.ts';
import { collect } from './all-rows.ts';
import { recallService } from './authorize.ts';
import { recallWorkspace, tieKey, type WorkspaceView } from './find-workspace.ts';
import type { App } from './ports.ts';
import {
  putServiceAt,
  serviceAt,
  type ServiceContent,
  type ServicePlace,
  type Terms,
} from './put-service.ts';
import { patchServiceAt } from './patch-service.ts';
import { deleteServiceAt, keysOfService, viewOfService, type ServiceView } from './services.ts';
import type { ModelWish } from './take-model.ts';

export type ClassicWish = ServiceContent & { readonly name: string };

export async function putClassicService(
  app: App,
  workspace: WorkspaceView,
  wish: ClassicWish,
): Promise<(ServiceView & { outcome: 'created' | 'updated' }) | Refused> {
  const { subscriptionId, workspaceId } = workspace;
  const terms: Terms = async () => {
    const tie = await app.store.get('name', tieKey(subscriptionId, workspaceId));
    return tie === undefined ? noWorkspace(workspaceId) : { kind: 'terms', plans: [] };
  };
  const put = await putServiceAt(app, placeOf(workspace, wish.name), wish, terms);
  if (put.kind === 'refused') return put;
  const { service, definition, outcome } = put;
  return { kind: 'service', service, definition, outcome };
}

export async function getClassicService(
  app: App,
  workspace: WorkspaceView,
  name: string,
): Promise<ServiceView | Refused> {
  const stored = await serviceAt(app, placeOf(workspace, name));
  return stored === undefined ? noService(name) : viewOfService(app, stored.row);
}

export async function listClassicServices(
  app: App,
  { subscriptionId, workspaceId }: WorkspaceView,
  page: PageWish,
): Promise<{ kind: 'services'; services: ServiceView[]; after?: string }> {
  const names = await collect(app, { of: 'names', subscriptionId, kind: 'classic', group: workspaceId });
  const { items, ...more } = pageOfAll(names, ({ row }) => row.id, page);
  const services = items.map(async ({ row }) => {
    const stored = await app.store.get('service', { subscriptionId, serviceId: row.id });
    return stored === undefined ? [] : viewOfService(app, stored.row);
  });
  return { kind: 'services', services: (await Promise.all(services)).flat(), ...more };
}

/** Retraining: another model for the jobs that are registered from now on, all or nothing. */
export async function replaceModel(
  app: App,
  { subscriptionId, serviceId }: Service,
  model: ModelWish,
): Promise<{ kind: 'done' } | Refused> {
  const find = () => app.store.get('service', { subscriptionId, serviceId });
  const gone = notFound('WebServiceNotFound', `The web service "${serviceId}" was deleted meanwhile.`);
  const patched = await patchServiceAt(app, find, gone, { model });
  return patched.kind === 'refused' ? patched : { kind: 'done' };
}

/** No pool bills to a classic service; its jobs go on. */
export function deleteClassicService(
  app: App,
  workspace: WorkspaceView,
  name: string,
): Promise<{ kind: 'deleted' } | Refused> {
  return deleteServiceAt(app, placeOf(workspace, name), noService(name), async () => undefined);
}

export async function classicServiceKeys(
  app: App,
  workspace: WorkspaceView,
  name: string,
): Promise<KeyPair | Refused> {
  const stored = await serviceAt(app, placeOf(workspace, name));
  return stored === undefined ? noService(name) : keysOfService(app, stored);
}

/** What swagger.json shows. */
export async function publicClassicService(
  app: App,
  workspaceId: string,
  serviceId: string,
): Promise<ServiceView | Refused> {
  const workspace = await recallWorkspace(app, workspaceId);
  const service =
    workspace === undefined || !isId(serviceId)
      ? undefined
      : await recallService(app, workspace.subscriptionId, serviceId);
  const isThere = service?.origin.kind === 'classic' && service.origin.workspaceId === workspaceId;
  if (isThere) return viewOfService(app, service);
  const text = `There is no web service "${shown(serviceId)}" in the workspace "${shown(workspaceId)}": compare with the service's swaggerLocation.`;
  return notFound('WebServiceIdNotFoundInWorkspace', text);
}

export function noWorkspace(workspaceId: string): Refused {
  return notFound(
    'WorkspaceNotFound',
    `There is no workspace "${shown(workspaceId)}"; the operator makes it with PUT /operator/workspaces/{workspaceId}.`,
  );
}

function placeOf({ subscriptionId, workspaceId }: WorkspaceView, name: string): ServicePlace {
  return { subscriptionId, origin: { kind: 'classic', workspaceId }, name };
}

function noService(name: string): Refused {
  return notFound(
    'WebServiceNotFound',
    `There is no web service "${shown(name)}" in this workspace: compare with GET /workspaces/{workspaceId}/webservices.`,
  );
}
