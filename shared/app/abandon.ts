/** A `live` row without a pool: its creation, or its removal, died half way. */
import { noBackoff, type Live } from '../core/pool.ts';
import { classicTag, type Tag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { releaseReservation, rest } from './finish-deletion.ts';
import { ensureClassicPool } from './pool-of-tag.ts';
import { forgetPool } from './retire-pool.ts';
import type { App } from './ports.ts';

/** Read again, after the pool was found missing: a pool that has been removed meanwhile says so here first. */
export async function settlePoolless(app: App, tag: Tag): Promise<void> {
  const live = await app.store.get('live', { tag });
  if (live === undefined) return;
  if (live.row.goneMs !== undefined) return forgetPool(app, live.row);
  // The classic queue is nobody's to give up: it has no creator who would make it again.
  return tag === classicTag ? ensureClassicPool(app) : abandonHalfMade(app, live.row);
}

/**
 * Given up after three times a request's longest life. A tombstone first: a slow creator that is still alive meets it
 * as a conflict, and never makes a pool whose quota has been given back. Then the reservation, then the `live` row is
 * due with the tombstone's retirement.
 */
async function abandonHalfMade(app: App, live: Live): Promise<void> {
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
  await rest(app, tombstone, nowMs + limits.sweepSeldomMs);
}
