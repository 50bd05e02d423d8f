/** Who is calling: every read starts from the authorized owner's key, and a foreign id reads like a missing one. */
import type { Account, KeyVersions } from '../core/account.ts';
import { isId, parseSubscriptionId } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { unauthorized, type Refused } from '../core/refusal.ts';
import type { Service } from '../core/service.ts';
import { recallWorkspace, type WorkspaceView } from './find-workspace.ts';
import type { App, KeyOwner } from './ports.ts';

/** Rows are remembered for `limits.keyCacheMs`: a rotation holds everywhere within that. */
export async function authorizeAccount(
  app: App,
  subscription: string,
  bearer: string | undefined,
): Promise<{ kind: 'account'; account: Account } | Refused> {
  const subscriptionId = parseSubscriptionId(subscription);
  if (subscriptionId === undefined || bearer === undefined) return unauthorized();
  const stored = await app.memory.recall(`account|${subscriptionId}`, limits.keyCacheMs, () =>
    app.store.get('account', { subscriptionId }),
  );
  if (!fits(app, { kind: 'account', id: subscriptionId }, stored?.row.keys, bearer) || stored === undefined) {
    return unauthorized();
  }
  return { kind: 'account', account: stored.row };
}

/** A Resource Manager based service. A classic one is not found here, nor the other way round. */
export async function authorizeService(
  app: App,
  subscription: string,
  serviceId: string,
  bearer: string | undefined,
): Promise<{ kind: 'service'; service: Service } | Refused> {
  const subscriptionId = parseSubscriptionId(subscription);
  if (subscriptionId === undefined || !isId(serviceId) || bearer === undefined) return unauthorized();
  const found = await recallService(app, subscriptionId, serviceId);
  const service = found?.origin.kind === 'new' ? found : undefined;
  return admit(app, serviceId, service, bearer);
}

/** A classic service of this workspace. */
export async function authorizeClassicService(
  app: App,
  workspaceId: string,
  serviceId: string,
  bearer: string | undefined,
): Promise<{ kind: 'service'; service: Service } | Refused> {
  if (!isId(workspaceId) || !isId(serviceId) || bearer === undefined) return unauthorized();
  const workspace = await recallWorkspace(app, workspaceId);
  const found =
    workspace === undefined ? undefined : await recallService(app, workspace.subscriptionId, serviceId);
  const isItsOwn = found?.origin.kind === 'classic' && found.origin.workspaceId === workspaceId;
  return admit(app, serviceId, isItsOwn ? found : undefined, bearer);
}

/** A workspace is opened by the key of the account that it belongs to. */
export async function authorizeWorkspace(
  app: App,
  workspaceId: string,
  bearer: string | undefined,
): Promise<WorkspaceView | Refused> {
  if (!isId(workspaceId) || bearer === undefined) return unauthorized();
  const workspace = await recallWorkspace(app, workspaceId);
  const owner = await authorizeAccount(app, workspace?.subscriptionId ?? workspaceId, bearer);
  return owner.kind === 'refused' || workspace === undefined ? unauthorized() : workspace;
}

function admit(
  app: App,
  serviceId: string,
  service: Service | undefined,
  bearer: string,
): { kind: 'service'; service: Service } | Refused {
  if (!fits(app, { kind: 'service', id: serviceId }, service?.keys, bearer) || service === undefined) {
    return unauthorized();
  }
  return { kind: 'service', service };
}

export async function recallService(
  app: App,
  subscriptionId: string,
  serviceId: string,
): Promise<Service | undefined> {
  const stored = await app.memory.recall(`service|${serviceId}|${subscriptionId}`, limits.keyCacheMs, () =>
    app.store.get('service', { subscriptionId, serviceId }),
  );
  return stored?.row;
}

export function authorizeOperator(app: App, bearer: string | undefined): { kind: 'operator' } | Refused {
  if (bearer === undefined || !app.secrets.same(bearer, app.secrets.operatorKey)) return unauthorized();
  return { kind: 'operator' };
}

/** The token is derived from the VM's id: it opens this VM's own calls and nothing else. */
export function authorizeVm(
  app: App,
  vmId: string,
  bearer: string | undefined,
): { kind: 'vm'; vmId: string } | Refused {
  if (!isId(vmId) || bearer === undefined || !app.secrets.same(bearer, app.secrets.vmToken(vmId)))
    return unauthorized();
  return { kind: 'vm', vmId };
}

/** Compares with both keys whatever the first comparison says; a missing owner costs the same. */
function fits(app: App, owner: KeyOwner, versions: KeyVersions | undefined, bearer: string): boolean {
  const { primary, secondary } = versions ?? { primary: 1, secondary: 1 };
  const first = app.secrets.same(bearer, app.secrets.key(owner, 'primary', primary));
  const second = app.secrets.same(bearer, app.secrets.key(owner, 'secondary', secondary));
  return (first || second) && versions !== undefined;
}
