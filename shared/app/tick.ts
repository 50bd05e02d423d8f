/** The timer's pass over every pool with anything left to do: reconcile, reap, post, dispatch, sweep. Bounded; safe to run twice at once. */
import { classicTag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import type { Live } from '../core/pool.ts';
import { settlePoolless } from './abandon.ts';
import { allRows } from './all-rows.ts';
import { confirmReservation } from './create-pool.ts';
import { dispatch } from './dispatch.ts';
import { eachStep } from './each-step.ts';
import { poolOfTag } from './pool-of-tag.ts';
import { postUses } from './post-uses.ts';
import { reconcile } from './reconcile.ts';
import { retirePool } from './retire-pool.ts';
import { sweepOwnBlobs } from './sweep-own-blobs.ts';
import { sweepPool } from './sweep-pool.ts';
import { sweepUnused } from './sweep-unused.ts';
import type { App } from './ports.ts';

/** Pools looked after at the same time. */
const sideBySide = 8;

/** Of what belongs to no pool. */
const sweeps = [
  ['blobs', sweepOwnBlobs],
  ['unused', sweepUnused],
] as const;

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
  for (const [what, sweep] of sweeps) {
    await within(app, limits.tickPoolMs, sweep(app)).catch((error: unknown) => {
      app.log('sweep-failed', { what, error: String(error) });
    });
  }
  return { pools, failed };
}

async function tickPool(app: App, { tag }: Live): Promise<void> {
  const stored = await poolOfTag(app, tag);
  if (stored === undefined) return settlePoolless(app, tag);
  const pool = stored.row;
  await eachStep<unknown>([
    async () => {
      if (pool.kind === 'active' && pool.serviceId !== undefined) await confirmReservation(app, pool);
      await app.oneAtATime(`reconcile|${tag}`, () => reconcile(app, tag));
    },
    () => app.oneAtATime(`dispatch|${tag}`, () => dispatch(app, tag)),
    async () => (tag === classicTag ? postUses(app) : undefined),
    () => (pool.kind === 'deleted' ? retirePool(app, pool) : sweepPool(app, pool)),
  ]);
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
    timer.abort('done');
    await late.catch(() => undefined);
  }
}
