/** What one dispatch and one tick touch, counted on the twin: the same whatever waits and whatever has been. */
import { describe, expect, it } from 'vitest';
import { dispatch } from '../../shared/app/dispatch.ts';
import { tick } from '../../shared/app/tick.ts';
import { tagOf } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import { makeCrowd, type Crowd } from '../bench/fill-twin.ts';
import { job } from './world.ts';

/** Rows that it reads and writes, and the job that the VM got. */
async function touchedBy({ world, waiting }: Crowd, run: () => Promise<unknown>): Promise<number> {
  const { counts } = world.table;
  const before = counts.rowsRead + counts.rowsWritten;
  await run();
  const rows = counts.rowsRead + counts.rowsWritten - before;
  expect((await job(world, waiting[0] ?? ''))?.kind).toBe('running');
  expect((await job(world, waiting[1] ?? ''))?.kind).toBe('queued');
  return rows;
}

describe('a free VM', () => {
  it('gets its job with as many rows touched at 100,000 waiting and 200,000 finished as at 100 and none', async () => {
    const [small, large] = [await makeCrowd(100, 0), await makeCrowd(100_000, 200_000)];
    const rows = (crowd: Crowd) => touchedBy(crowd, () => dispatch(crowd.world.app, tagOf(crowd.poolId)));
    const few = await rows(small);
    expect(await rows(large)).toBe(few);
    // A page of VMs and queue, the pool, the job, and the three rows of the assignment.
    expect(few).toBeLessThanOrEqual(limits.headPageRows + 5);
  }, 120_000);

  it('gets it from a tick that touches no more rows for a long queue and a long history', async () => {
    // 1,000: what sweeps walk page by page fills its page in both.
    const [small, large] = [await makeCrowd(1_000, 0), await makeCrowd(20_000, 20_000)];
    const rows = (crowd: Crowd) =>
      touchedBy(crowd, async () => expect(await tick(crowd.world.app)).toEqual({ pools: 1, failed: 0 }));
    const few = await rows(small);
    expect(await rows(large)).toBe(few);
    expect(few).toBeLessThanOrEqual(limits.headPageRows + limits.sweepRows + 20);
  }, 60_000);
});
