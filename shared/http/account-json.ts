/** Accounts and keys on the wire (api.md, "Operator"). */
import type { KeyPair } from '../app/accounts.ts';
import type { App } from '../app/ports.ts';
import type { Account } from '../core/account.ts';

export function accountJson(app: App, account: Account): object {
  const { subscriptionId, maxPools, maxVmsPerPool, pools } = account;
  const poolServiceUrl = `${app.config.publicUrl}/poolservice/${subscriptionId}`;
  return { subscriptionId, maxPools, maxVmsPerPool, pools, poolServiceUrl };
}

export function keysJson({ primary, secondary }: KeyPair): object {
  return { primary, secondary };
}
