/** A subscription's pool account: what the operator agreed with the customer. Pure. */
import type { PlanId, PoolId, ServiceId, SubscriptionId } from './ids.ts';

export type KeySlot = 'primary' | 'secondary';
/** Keys are derived from the master secret, the owner and these versions: rotation raises one. */
export type KeyVersions = { readonly primary: number; readonly secondary: number };

export type Account = {
  readonly subscriptionId: SubscriptionId;
  readonly maxPools: number;
  readonly maxVmsPerPool: number;
  /** Pools that exist or are being made; every write that changes it carries the row's etag. */
  readonly pools: number;
  readonly keys: KeyVersions;
  readonly createdMs: number;
  /** Deleted since: nobody finds it, and whoever makes it anew gets keys that no earlier one has had. */
  readonly goneMs?: number;
};

/** The account's list of pools: made before the pool, removed when the pool is deleted. */
export type Reservation = {
  readonly subscriptionId: SubscriptionId;
  readonly poolId: PoolId;
  readonly kind: 'making' | 'live';
  readonly createdMs: number;
};

/**
 * `classic`: a classic web service; its group is the workspace's id.
 * `workspace`: a classic workspace of the account, and the plan that pays for its classic jobs.
 */
export type NamedKind = 'webservice' | 'plan' | 'classic' | 'workspace';

/** An ARM name (lower case) and what it names. */
export type Name = {
  readonly subscriptionId: SubscriptionId;
  readonly of: NamedKind;
  readonly group: string;
  readonly name: string;
  readonly id: PlanId | ServiceId;
};

/** The account made anew, after `gone` was deleted. */
export function revived({ goneMs: _, ...gone }: Account, nowMs: number): Account {
  return { ...gone, keys: rotate(rotate(gone.keys, 'primary'), 'secondary'), createdMs: nowMs };
}

export function rotate(keys: KeyVersions, slot: KeySlot): KeyVersions {
  return { ...keys, [slot]: keys[slot] + 1 };
}
