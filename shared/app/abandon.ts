/** A pool whose creation died half way: given up after three times a request's longest life. */
import { noBackoff, type Live } from '../core/pool.ts';
import { limits } from '../core/limits.ts';
import { releaseReservation, rest } from './finish-deletion.ts';
import type { App } from './ports.ts';

/**
 * A tombstone first: a slow creator that is still alive meets it as a conflict, and never makes a pool whose quota
 * has been given back. Then the reservation, then the `live` row is due with the tombstone's retirement.
 */
export async function abandonHalfMade(app: App, live: Live): Promise<void> {
  const nowMs = app.clock.now();
  if (nowMs - live.dueMs < 3 * limits.requestMsMax) return;
  const { poolId, subscriptionId } = live;
  const tombstone = {
    kind: 'deleted',
    poolId,
    subscriptionId,
    wish: { vmCount: 0, stampMs: nowMs, busyVms: 'drain' },
    backoff: noBackoff,
    createdMs: live.dueMs,
    atMs: nowMs,
  } as const;
  const done = await app.store.commit([{ do: 'create', kind: 'pool', row: tombstone }]);
  if (done.kind === 'conflict') return;
  await releaseReservation(app, { subscriptionId, poolId });
  await rest(app, tombstone);
}
