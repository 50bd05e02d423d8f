/** The pool of a partition. Its row's key needs no more than the tag. */
import { classicPoolId, classicTag, isId, type PoolId, type SubscriptionId, type Tag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { noBackoff, type Pool } from '../core/pool.ts';
import type { App, Stored } from './ports.ts';

/** Only the tag of the id is used to find the row. */
export function poolOfTag(app: App, tag: Tag): Promise<Stored<'pool'> | undefined> {
  return app.store.get('pool', { poolId: tag.padEnd(32, '0') });
}

/** A pool by its whole id: the rest of the id must fit too. */
export async function poolById(app: App, poolId: PoolId): Promise<Stored<'pool'> | undefined> {
  if (!isId(poolId)) return undefined;
  const stored = await app.store.get('pool', { poolId });
  return stored?.row.poolId === poolId ? stored : undefined;
}

/**
 * As `poolById`, a moment old at most: for checks that dispatch makes again, and for what a status says.
 * @param owner where a caller chose the id: another's pool is read like a missing one
 */
export async function recallPool(
  app: App,
  poolId: PoolId,
  owner?: SubscriptionId,
): Promise<Stored<'pool'> | undefined> {
  if (!isId(poolId)) return undefined;
  const mayRecall = (pool: Pool) => owner === undefined || pool.subscriptionId === owner;
  const stored = await app.store.recall('pool', { poolId }, limits.glanceMs, mayRecall);
  return stored?.row.poolId === poolId ? stored : undefined;
}

/** Makes the classic queue's pool at its first use; found again by whoever comes second. */
export async function ensureClassicPool(app: App): Promise<void> {
  await app.memory.recall('classic-pool', 3_600_000, async () => {
    if ((await poolOfTag(app, classicTag)) !== undefined) return true;
    const nowMs = app.clock.now();
    const owner = { poolId: classicPoolId, subscriptionId: classicPoolId };
    await app.store.commit([
      { do: 'create', kind: 'live', row: { tag: classicTag, ...owner, dueMs: nowMs } },
    ]);
    await app.store.commit([
      {
        do: 'create',
        kind: 'pool',
        row: {
          kind: 'active',
          ...owner,
          name: 'classic',
          wish: { vmCount: 0, stampMs: nowMs, busyVms: 'drain' },
          backoff: noBackoff,
          createdMs: nowMs,
        },
      },
    ]);
    return true;
  });
}
