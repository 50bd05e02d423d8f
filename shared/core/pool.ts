/**
 * A pool: a number of VMs that its owner wishes for, and what reconcile knows about getting there. Pure.
 *
 * active -> deleting -> deleted.
 */
import type { PoolId, ServiceId, SubscriptionId } from './ids.ts';
import { limits } from './limits.ts';

/** The wanted number of VMs. Its stamp orders wishes: an old one that is repeated yields to a newer one. */
export type Wish = {
  readonly vmCount: number;
  readonly stampMs: number;
  /** What happens to busy VMs beyond the number. */
  readonly busyVms: 'drain' | 'requeue';
};

/** VMs that fail one after the other are replaced ever more slowly. */
export type Backoff = { readonly failures: number; readonly retryAtMs: number; readonly last?: string };

export type PoolCommon = {
  readonly poolId: PoolId;
  readonly subscriptionId: SubscriptionId;
  readonly name?: string;
  readonly wish: Wish;
  readonly backoff: Backoff;
  readonly createdMs: number;
  /** Why nothing new starts and its VMs drain, while the plan that it bills to is used up. The wish stays. */
  readonly hold?: string;
  /** What it bills to; the classic queue has none: its jobs are billed one by one. */
  readonly serviceId?: ServiceId;
};

export type Pool = PoolCommon &
  (
    | /** Takes jobs and follows its wish. */ { readonly kind: 'active' }
      /** Takes none; its VMs stop, their time is posted. The tick moves it on. */
    | { readonly kind: 'deleting'; readonly sinceMs: number }
    /** Terminal: a tombstone that old jobs are read through, kept for `limits.jobRetentionMs`. */
    | { readonly kind: 'deleted'; readonly atMs: number }
  );
export type ActivePool = Extract<Pool, { kind: 'active' }>;

/** What the tick walks: a pool with anything left to do, and when. */
export type Live = {
  readonly tag: string;
  readonly poolId: PoolId;
  readonly subscriptionId: SubscriptionId;
  readonly dueMs: number;
  /** Since when the pool's own last row has been on its way out: nobody makes it anew. */
  readonly goneMs?: number;
};

export const noBackoff: Backoff = { failures: 0, retryAtMs: 0 };

export function held<P extends Pool>(pool: P, hold: string | undefined): P {
  const { hold: _, ...rest } = pool;
  return (hold === undefined ? rest : { ...rest, hold }) as P;
}

/** A newer wish replaces an older one; an older one changes nothing. */
export function wishFor(pool: ActivePool, wish: Wish): ActivePool {
  return wish.stampMs < pool.wish.stampMs ? pool : { ...pool, wish };
}

export function beginDeletion(pool: ActivePool, nowMs: number): Pool {
  const { kind: _, ...common } = pool;
  const wish = { ...pool.wish, vmCount: 0, stampMs: Math.max(nowMs, pool.wish.stampMs) };
  return { ...common, kind: 'deleting', wish, sinceMs: nowMs };
}

export function endDeletion(pool: Extract<Pool, { kind: 'deleting' }>, nowMs: number): Pool {
  const { kind: _, sinceMs: __, ...common } = pool;
  return { ...common, kind: 'deleted', atMs: Math.max(nowMs, pool.sinceMs) };
}

/** 1 s, 2 s, 4 s ... `limits.replaceBackoffMsMax` before the next replacement. */
export function afterFailure(backoff: Backoff, cause: string, nowMs: number): Backoff {
  const failures = backoff.failures + 1;
  const pauseMs = Math.min(
    limits.replaceBackoffMsMax,
    limits.replaceBackoffMs * 2 ** Math.min(failures - 1, 20),
  );
  return { failures, retryAtMs: nowMs + pauseMs, last: cause };
}
