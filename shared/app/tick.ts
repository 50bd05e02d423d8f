/** The timer's pass over every pool with anything left to do: reconcile, reap, post, dispatch. Bounded; safe to run twice at once. */
import { classicTag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import type { Live } from '../core/pool.ts';
import { abandonHalfMade } from './abandon.ts';
import { allRows } from './all-rows.ts';
import { confirmReservation } from './create-pool.ts';
import { dispatch } from './dispatch.ts';
import { releaseReservation, rest } from './finish-deletion.ts';
import { poolOfTag } from './pool-of-tag.ts';
import { postUses } from './post-uses.ts';
import { reconcile } from './reconcile.ts';
import { sweepKeys } from './sweep-keys.ts';
import { sweepUnstarted } from './sweep-unstarted.ts';
import type { App } from './ports.ts';

/** Pools looked after at the same time. */
const sideBySide = 8;

export type TickReport = { readonly pools: number; readonly failed: number };

/** One pool's trouble never keeps the others waiting: each has its own time limit and its own fault. */
export async function tick(app: App): Promise<TickReport> {
  let pools = 0;
  let failed = 0;
  const running = new Set<Promise<void>>();
  for await (const { row } of allRows(app, { of: 'live' })) {
    if (row.dueMs > app.clock.now()) continue;
    pools += 1;
    const one: Promise<void> = within(app, limits.tickPoolMs, tickPool(app, row))
      .catch((error: unknown) => {
        failed += 1;
        app.log('tick-pool-failed', { tag: row.tag, error: String(error) });
      })
      .finally(() => running.delete(one));
    running.add(one);
    if (running.size >= sideBySide) await Promise.race(running);
  }
  await Promise.all(running);
  return { pools, failed };
}

async function tickPool(app: App, live: Live): Promise<void> {
  const pool = await poolOfTag(app, live.tag);
  if (pool === undefined) return abandonHalfMade(app, live);
  if (pool.row.kind === 'deleted') {
    await releaseReservation(app, pool.row);
    await rest(app, pool.row);
  }
  if (pool.row.kind === 'active' && pool.row.serviceId !== undefined) await confirmReservation(app, pool.row);
  await app.oneAtATime(`reconcile|${live.tag}`, () => reconcile(app, live.tag));
  await app.oneAtATime(`dispatch|${live.tag}`, () => dispatch(app, live.tag));
  if (live.tag === classicTag) await postUses(app);
  await sweepUnstarted(app, live.tag);
  for (const owner of [live.tag, live.subscriptionId]) await sweepKeys(app, owner);
}

/** @throws when the work takes longer; it goes on by itself and is repeated harmlessly by the next tick. */
async function within(app: App, ms: number, work: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const late = app.clock.sleep(ms, timer.signal).then(() => {
    if (!timer.signal.aborted) throw new Error(`it took more than ${ms / 1_000} s`);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    timer.abort();
    await late.catch(() => undefined);
  }
}
