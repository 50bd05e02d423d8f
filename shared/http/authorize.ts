/** Whose key opens an endpoint: the part of a definition that looks at `Authorization: Bearer {key}`. */
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
  const found = await authorizeAccount(app, param(call, 'subscriptionId'), call.bearer);
  return found.kind === 'refused' ? found : { kind: 'known', who: found.account };
}

/** The key of the web service that `{subscriptionId}` and `{serviceId}` name. */
export async function service(app: App, call: Call): Promise<Known<Service> | Refused> {
  const ids = [param(call, 'subscriptionId'), param(call, 'serviceId').toLowerCase()] as const;
  const found = await authorizeService(app, ...ids, call.bearer);
  return found.kind === 'refused' ? found : { kind: 'known', who: found.service };
}

/** The key of the classic web service that `{workspaceId}` and `{serviceId}` name. */
export async function classicService(app: App, call: Call): Promise<Known<Service> | Refused> {
  const ids = [param(call, 'workspaceId').toLowerCase(), param(call, 'serviceId').toLowerCase()] as const;
  const found = await authorizeClassicService(app, ...ids, call.bearer);
  return found.kind === 'refused' ? found : { kind: 'known', who: found.service };
}

/** The key of the account that the workspace `{workspaceId}` belongs to. */
export async function workspace(app: App, call: Call): Promise<Known<WorkspaceView> | Refused> {
  const found = await authorizeWorkspace(app, param(call, 'workspaceId').toLowerCase(), call.bearer);
  return found.kind === 'refused' ? found : { kind: 'known', who: found };
}

/** The token of the VM that `{vmId}` names. */
export async function vm(app: App, call: Call): Promise<Known<VmId> | Refused> {
  const found = authorizeVm(app, param(call, 'vmId'), call.bearer);
  return found.kind === 'refused' ? found : { kind: 'known', who: found.vmId };
}
