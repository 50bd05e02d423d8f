/** Sweeps that meet what stays: they go on behind it, some at a time. */
import { expect, it } from 'vitest';
import { sweepOwnBlobs } from '../../shared/app/sweep-own-blobs.ts';
import { sweepPool } from '../../shared/app/sweep-pool.ts';
import { resultName } from '../../shared/core/own-blob-name.ts';
import { limits } from '../../shared/core/limits.ts';
import { finishedJobs, writeRows } from './old-rows.ts';
import { job, makePool, makeWorld, registered, started } from './world.ts';

const dayMs = 86_400_000;

it('a job that nobody starts is cancelled behind more old ones that wait than a run looks at', async () => {
  const world = await makeWorld({ config: { dispatch: 'timer' } });
  const pool = await makePool(world, 0);
  const forgotten = await registered(world, pool.poolId);
  for (let n = 0; n < limits.sweepRows + 50; n += 1) {
    await world.clock.advance(1);
    await started(world, pool.poolId);
  }
  await world.clock.advance(limits.registeredMsMax);
  world.table.resetCounts();
  expect(await sweepPool(world.app, pool)).toBe('more');
  // Of each a row that holds its wish and the job itself.
  expect(world.table.counts.rowsRead).toBeLessThanOrEqual(2 * limits.sweepRows + 5);
  expect((await job(world, forgotten))?.kind).toBe('registered');
  expect(await sweepPool(world.app, pool)).toBe('done');
  expect((await job(world, forgotten))?.kind).toBe('cancelled');
});

it('a result whose job has gone goes behind more old ones whose jobs are there than a run looks at', async () => {
  const world = await makeWorld();
  const { poolId } = await makePool(world, 0);
  const nowMs = world.clock.now();
  // Registered long ago, ended the other day.
  const kept = finishedJobs(world, poolId, limits.sweepRows + 50, nowMs, 30 * dayMs);
  await writeRows(world, 'job', kept);
  const [gone] = finishedJobs(world, poolId, 1, nowMs + dayMs);
  const names = [...kept, gone!].map(({ jobId }) => resultName(jobId, 'output1'));
  for (const name of names) await world.app.blobs.put('millpond-results', name, new Uint8Array([1]));
  await world.clock.advance(limits.jobRetentionMs + 3 * dayMs);
  const left = async () => (await world.app.blobs.list('millpond-results', { limit: 1_000 })).blobs.length;
  await sweepOwnBlobs(world.app);
  expect(await left()).toBe(names.length);
  await sweepOwnBlobs(world.app);
  expect(await left()).toBe(names.length - 1);
});
