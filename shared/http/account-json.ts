/** Accounts and keys on the wire (api.md, "Operator"). */
import type { KeyPair } from '../app/accounts.ts';
import type { WorkspaceView } from '../app/find-workspace.ts';
import type { App } from '../app/ports.ts';
import type { Account } from '../core/account.ts';
import type { AccountReply, KeysReply, WorkspaceReply } from './account-replies.ts';
import { isoTime } from './iso-time.ts';

export function accountJson(app: App, account: Account): AccountReply {
  const { subscriptionId, maxPools, maxVmsPerPool, pools } = account;
  const poolServiceUrl = `${app.config.publicUrl}/poolservice/${subscriptionId}`;
  return { subscriptionId, maxPools, maxVmsPerPool, pools, poolServiceUrl };
}

export function keysJson({ primary, secondary }: KeyPair): KeysReply {
  return { primary, secondary };
}

export function workspaceJson({
  workspaceId,
  subscriptionId,
  planId,
  createdMs,
}: WorkspaceView): WorkspaceReply {
  return { workspaceId, subscriptionId, commitmentPlanId: planId, createdAt: isoTime(createdMs) };
}
