/** What a sweep touches: a bounded part of what is over, and nothing of what is not, however much there is of both. */
import { describe, expect, it } from 'vitest';
import { collect } from '../../shared/app/all-rows.ts';
import { sweepPool } from '../../shared/app/sweep-pool.ts';
import { tick } from '../../shared/app/tick.ts';
import { tagOf } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import type { Pool } from '../../shared/core/pool.ts';
import { expiriesOf, finishedJobs, jobKeys, lifetimes, writeRows } from './old-rows.ts';
import { job, makeApp, makePool, makeWorld, registered, ticked, type World } from './world.ts';

const dayMs = 86_400_000;
const today = (world: World) => Math.floor(world.clock.now() / dayMs);
const jobsOf = async ({ app }: World, poolId: string) =>
  (await collect(app, { of: 'jobs', tag: tagOf(poolId) })).map(({ row }) => row);

/** A pool without VMs that has been there for two months. */
async function oldPool(world: World): Promise<Pool> {
  const { poolId } = await makePool(world, 0);
  const stored = await world.app.store.get('pool', { poolId });
  if (stored === undefined) throw new Error('there is no pool');
  const row = { ...stored.row, createdMs: world.clock.now() - 60 * dayMs };
  await world.app.store.commit([{ do: 'replace', kind: 'pool', row, etag: stored.etag }]);
  return row;
}

/** A pool with `old` jobs, expired results, lifetimes and keys that are over, and `fresh` ones that are not. */
async function filled(old: number, fresh: number) {
  const world = await makeWorld();
  const { poolId } = await oldPool(world);
  const nowMs = world.clock.now();
  const fill = async (count: number, jobsMs: number, expiredMs: number, day: number) => {
    await writeRows(world, 'job', finishedJobs(world, poolId, count, jobsMs));
    const expired = finishedJobs(world, poolId, count, expiredMs);
    await writeRows(world, 'job', expired);
    await writeRows(world, 'expiry', expiriesOf(expired));
    await writeRows(world, 'gone', lifetimes(poolId, count, jobsMs));
    await writeRows(world, 'jobKey', jobKeys(poolId, count, day));
  };
  await fill(old, nowMs - 40 * dayMs, nowMs - 2 * dayMs, today(world) - 2);
  await fill(fresh, nowMs - 20 * dayMs, nowMs - dayMs / 2, today(world));
  return { world, poolId };
}

async function touched(world: World): Promise<{ read: number; written: number; queries: number }> {
  world.table.resetCounts();
  expect(await tick(world.app)).toEqual({ pools: 1, failed: 0 });
  const { rowsRead, rowsWritten, queries } = world.table.counts;
  return { read: rowsRead, written: rowsWritten, queries };
}

describe('a tick', () => {
  it('touches no more rows at 100,000 that are over than at 1,000, and next to none when nothing is', async () => {
    const [none, some, many] = [await filled(0, 5_000), await filled(1_000, 0), await filled(25_000, 5_000)];
    expect(await touched(some.world)).toEqual(await touched(many.world));
    const most = await touched(many.world);
    // Of each of the four kinds a page; of each expired result the job too.
    expect(most.read).toBeLessThanOrEqual(5 * limits.sweepRows + 20);
    expect(most.written).toBe(5 * limits.sweepRows);
    const least = await touched(none.world);
    expect(least.read).toBeLessThanOrEqual(10);
    expect(least.written).toBe(0);
    // The pool rests: not even a question is asked.
    expect((await touched(none.world)).queries).toBe(least.queries - 6);
  }, 120_000);

  it('goes on where the last one ended, until nothing is left that is over and all that is not', async () => {
    const { world, poolId } = await filled(450, 150);
    const tag = tagOf(poolId);
    const left = async () => [
      (await jobsOf(world, poolId)).length,
      (await collect(world.app, { of: 'expiries', tag })).length,
      (await collect(world.app, { of: 'gone', tag })).length,
      (await collect(world.app, { of: 'job-keys', tag })).length,
    ];
    expect(await left()).toEqual([1_200, 600, 600, 600]);
    await ticked(world);
    expect(await left()).toEqual([1_000, 400, 400, 400]);
    // Another instance knows nothing of where this one was.
    await tick(makeApp({ ...world, seed: 2 }));
    expect(await left()).toEqual([800, 200, 200, 200]);
    await ticked(world);
    await ticked(world);
    await world.clock.advance(limits.sweepRestMs);
    await ticked(world);
    expect(await left()).toEqual([750, 150, 150, 150]);
    const tokens = (await jobsOf(world, poolId)).map((one) => JSON.stringify(one).includes('tokenSealed'));
    expect(tokens.filter((has) => has)).toHaveLength(300);
  });
});

describe('a young pool', () => {
  it('is not looked through for what only an older one can hold', async () => {
    const world = await makeWorld();
    const pool = await makePool(world, 0);
    const swept = async () => {
      world.table.resetCounts();
      await sweepPool(world.app, pool);
      return world.table.counts.queries;
    };
    // The keys of its account are older than it is.
    expect(await swept()).toBe(1);
    await world.clock.advance(dayMs);
    // Results and its own keys.
    expect(await swept()).toBe(3);
    await world.clock.advance(6 * dayMs);
    expect(await swept()).toBe(4);
    await world.clock.advance(23 * dayMs);
    expect(await swept()).toBe(6);
  });
});

describe('jobs that stay although they are old', () => {
  it('hold up none of those behind them', async () => {
    const world = await makeWorld();
    const pool = await oldPool(world);
    const nowMs = world.clock.now();
    // Registered long ago, ended the other day; they lie before the older ones.
    const late = finishedJobs(world, pool.poolId, 2 * limits.sweepRows, nowMs - 35 * dayMs, 30 * dayMs);
    await writeRows(world, 'job', late);
    await writeRows(world, 'job', finishedJobs(world, pool.poolId, 250, nowMs - 45 * dayMs));
    const swept: string[] = [];
    do swept.push(await sweepPool(world.app, pool));
    while (swept.at(-1) === 'more' && swept.length < 9);
    expect(swept).toEqual(['more', 'more', 'more', 'done']);
    expect(new Set((await jobsOf(world, pool.poolId)).map(({ jobId }) => jobId))).toEqual(
      new Set(late.map(({ jobId }) => jobId)),
    );
  });
});

describe('trouble with one sweep', () => {
  it('keeps none of the others waiting', async () => {
    const { world, poolId } = await filled(3, 0);
    const jobId = await registered(world, poolId);
    await world.clock.advance(limits.registeredMsMax);
    world.table.onCall = (call) => {
      if (call.op === 'query' && call.query.from.startsWith('expiry|')) throw new Error('a bug');
      return undefined;
    };
    expect(await tick(world.app)).toEqual({ pools: 1, failed: 1 });
    expect((await job(world, jobId))?.kind).toBe('cancelled');
    for (const of of ['gone', 'job-keys'] as const)
      expect(await collect(world.app, { of, tag: tagOf(poolId) })).toEqual([]);
  });
});
