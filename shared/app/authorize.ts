/** Who is calling: every read starts from the authorized owner's key, and a foreign id reads like a missing one. */
import type { Account, KeyVersions } from '../core/account.ts';
import { isId, parseSubscriptionId } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { unauthorized, type Refused } from '../core/refusal.ts';
import type { Service } from '../core/service.ts';
import { findAccount } from './find-account.ts';
import { recallWorkspace, workspaceMemory, type WorkspaceView } from './find-workspace.ts';
import type { App, KeyOwner, Stored } from './ports.ts';
import { serviceMemory } from './put-service.ts';

/**
 * Rows are remembered for `limits.keyCacheMs`: an old key is shut out everywhere within that. They are enough only for a
 * key that fits them; for every other the rows are read, always the same ones: so a new key opens at once, and
 * a foreign id costs what a missing one costs.
 */
export async function authorizeAccount(
  app: App,
  subscription: string,
  bearer: string | undefined,
): Promise<{ kind: 'account'; account: Account } | Refused> {
  const subscriptionId = parseSubscriptionId(subscription);
  if (subscriptionId === undefined || bearer === undefined) return unauthorized();
  const memory = accountMemory(subscriptionId);
  const opened = (stored: Stored<'account'> | undefined) =>
    fits(app, { kind: 'account', id: subscriptionId }, stored?.row.keys, bearer) ? stored?.row : undefined;
  const known = opened(await app.memory.peek<Stored<'account'>>(memory));
  if (known !== undefined) return { kind: 'account', account: known };
  app.memory.forget(memory);
  const account = opened(
    await app.memory.recall(memory, limits.keyCacheMs, () => findAccount(app, subscriptionId)),
  );
  return account === undefined ? unauthorized() : { kind: 'account', account };
}

/** Under which key authorization remembers an account. */
export function accountMemory(subscriptionId: string): string {
  return `account|${subscriptionId}`;
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
  const isNew = ({ origin }: Service) => origin.kind === 'new';
  const known = await peekService(app, subscriptionId, serviceId);
  if (isOpen(app, known, isNew, serviceId, bearer)) return { kind: 'service', service: known };
  app.memory.forget(serviceMemory({ serviceId, subscriptionId }));
  const service = await recallService(app, subscriptionId, serviceId);
  return isOpen(app, service, isNew, serviceId, bearer) ? { kind: 'service', service } : unauthorized();
}

/** A classic service of this workspace. */
export async function authorizeClassicService(
  app: App,
  workspaceId: string,
  serviceId: string,
  bearer: string | undefined,
): Promise<{ kind: 'service'; service: Service } | Refused> {
  if (!isId(workspaceId) || !isId(serviceId) || bearer === undefined) return unauthorized();
  const isIts = ({ origin }: Service) => origin.kind === 'classic' && origin.workspaceId === workspaceId;
  const place = await app.memory.peek<WorkspaceView>(workspaceMemory(workspaceId));
  const known = place && (await peekService(app, place.subscriptionId, serviceId));
  if (isOpen(app, known, isIts, serviceId, bearer)) return { kind: 'service', service: known };
  app.memory.forget(workspaceMemory(workspaceId));
  const workspace = await recallWorkspace(app, workspaceId);
  // Without a workspace there is no such row; it is looked for all the same.
  const subscriptionId = workspace?.subscriptionId ?? workspaceId;
  app.memory.forget(serviceMemory({ serviceId, subscriptionId }));
  const found = await recallService(app, subscriptionId, serviceId);
  const service = workspace === undefined ? undefined : found;
  return isOpen(app, service, isIts, serviceId, bearer) ? { kind: 'service', service } : unauthorized();
}

/** A workspace is opened by the key of the account that it belongs to. */
export async function authorizeWorkspace(
  app: App,
  workspaceId: string,
  bearer: string | undefined,
): Promise<WorkspaceView | Refused> {
  if (!isId(workspaceId) || bearer === undefined) return unauthorized();
  const known = await app.memory.peek<WorkspaceView>(workspaceMemory(workspaceId));
  const account = known && (await app.memory.peek<Stored<'account'>>(accountMemory(known.subscriptionId)));
  const owner = { kind: 'account', id: known?.subscriptionId ?? workspaceId } as const;
  if (fits(app, owner, account?.row.keys, bearer) && known !== undefined) return known;
  app.memory.forget(workspaceMemory(workspaceId));
  const workspace = await recallWorkspace(app, workspaceId);
  const subscriptionId = workspace?.subscriptionId ?? workspaceId;
  app.memory.forget(accountMemory(subscriptionId));
  const opened = await authorizeAccount(app, subscriptionId, bearer);
  return opened.kind === 'refused' || workspace === undefined ? unauthorized() : workspace;
}

function isOpen(
  app: App,
  service: Service | undefined,
  isWanted: (service: Service) => boolean,
  serviceId: string,
  bearer: string,
): service is Service {
  const keys = service !== undefined && isWanted(service) ? service.keys : undefined;
  return fits(app, { kind: 'service', id: serviceId }, keys, bearer);
}

async function peekService(
  app: App,
  subscriptionId: string,
  serviceId: string,
): Promise<Service | undefined> {
  const memory = serviceMemory({ serviceId, subscriptionId });
  return (await app.memory.peek<Stored<'service'>>(memory))?.row;
}

export async function recallService(
  app: App,
  subscriptionId: string,
  serviceId: string,
): Promise<Service | undefined> {
  const memory = serviceMemory({ serviceId, subscriptionId });
  const load = () => app.store.get('service', { subscriptionId, serviceId });
  return (await app.memory.recall(memory, limits.keyCacheMs, load))?.row;
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
