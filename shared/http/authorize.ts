/**
 * Whose key opens an endpoint: the part of a definition that looks at `Authorization: Bearer {key}`. An id in the URL
 * that cannot be any thing's is told as such first: a placeholder that was left there is no question of keys. A
 * well-formed id of nobody reads like a foreign one.
 */
import {
  authorizeAccount,
  authorizeClassicService,
  authorizeOperator,
  authorizeService,
  authorizeVm,
  authorizeWorkspace,
} from '../app/authorize.ts';
import type { WorkspaceView } from '../app/find-workspace.ts';
import type { App } from '../app/ports.ts';
import type { Account } from '../core/account.ts';
import type { VmId } from '../core/ids.ts';
import type { Refused } from '../core/refusal.ts';
import type { Service } from '../core/service.ts';
import { param, type Call } from './call.ts';
import { serviceIdCheck, serviceIdOf } from './service-id.ts';
import { subscriptionOf } from './subscription.ts';
import { workspaceCheck, workspaceIdOf } from './workspace-id.ts';

type Known<Who> = { readonly kind: 'known'; readonly who: Who };

/** No key at all. */
export async function anyone(): Promise<Known<undefined>> {
  return { kind: 'known', who: undefined };
}

export async function operator(app: App, call: Call): Promise<Known<undefined> | Refused> {
  const found = authorizeOperator(app, call.bearer);
  return found.kind === 'refused' ? found : { kind: 'known', who: undefined };
}

/** The key of the account that `{subscriptionId}` names. */
export async function account(app: App, call: Call): Promise<Known<Account> | Refused> {
  const subscription = subscriptionOf(call);
  if (subscription.kind === 'refused') return subscription;
  const found = await authorizeAccount(app, subscription.id, call.bearer);
  return found.kind === 'refused' ? found : { kind: 'known', who: found.account };
}

/** The key of the web service that `{subscriptionId}` and `{serviceId}` name. */
export async function service(app: App, call: Call): Promise<Known<Service> | Refused> {
  const subscription = subscriptionOf(call);
  if (subscription.kind === 'refused') return subscription;
  const bad = serviceIdCheck(call);
  if (bad !== undefined) return bad;
  const found = await authorizeService(app, subscription.id, serviceIdOf(call), call.bearer);
  return found.kind === 'refused' ? found : { kind: 'known', who: found.service };
}

/** The key of the classic web service that `{workspaceId}` and `{serviceId}` name. */
export async function classicService(app: App, call: Call): Promise<Known<Service> | Refused> {
  const bad = workspaceCheck(call) ?? serviceIdCheck(call);
  if (bad !== undefined) return bad;
  const found = await authorizeClassicService(app, workspaceIdOf(call), serviceIdOf(call), call.bearer);
  return found.kind === 'refused' ? found : { kind: 'known', who: found.service };
}

/** The key of the account that the workspace `{workspaceId}` belongs to. */
export async function workspace(app: App, call: Call): Promise<Known<WorkspaceView> | Refused> {
  const bad = workspaceCheck(call);
  if (bad !== undefined) return bad;
  const found = await authorizeWorkspace(app, workspaceIdOf(call), call.bearer);
  return found.kind === 'refused' ? found : { kind: 'known', who: found };
}

/** The token of the VM that `{vmId}` names. */
export async function vm(app: App, call: Call): Promise<Known<VmId> | Refused> {
  const found = authorizeVm(app, param(call, 'vmId'), call.bearer);
  return found.kind === 'refused' ? found : { kind: 'known', who: found.vmId };
}
