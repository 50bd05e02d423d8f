import { describe, expect, it } from 'vitest';
import { startJob } from '../../shared/app/start.ts';
import { next } from '../../shared/app/vm-calls.ts';
import { limits } from '../../shared/core/limits.ts';
import { untilDeadline } from '../../shared/http/within-deadline.ts';
import { bootAll, job, makeApp, makePool, makeWorld, nonceOf, ok, registered, started } from './world.ts';

const config = { vmHoldMs: 20_000 };

describe('a VM that waits for work', () => {
  it('has it at once when this very process commits it', async () => {
    const world = await makeWorld({ config });
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const reply = next(world.app, vmId, nonceOf(vmId));
    const jobId = await started(world, poolId);
    expect(await reply).toMatchObject({ kind: 'work', assignment: { jobId } });
  });

  it('sees within a second what another instance has committed, with one look for all who wait', async () => {
    const world = await makeWorld({ config });
    const { poolId } = await makePool(world, 3);
    const vmIds = await bootAll(world, poolId);
    const replies = vmIds.map((vmId) => next(world.app, vmId, nonceOf(vmId)));
    await world.clock.advance(0);
    const other = makeApp({ ...world, config, seed: 2 });
    ok(await startJob(other, world.service, await registered(world, poolId)));
    const queries = world.table.counts.queries;
    const gets = world.table.counts.gets;
    expect(await world.clock.runUntil(Promise.race(replies), limits.watchMs)).toMatchObject({ kind: 'work' });
    expect(world.table.counts.queries - queries).toBe(1);
    expect(world.table.counts.gets - gets).toBeLessThan(5);
  });

  it('is given what other instances have queued, by a look that another request began and that is over since', async () => {
    const world = await makeWorld({ config });
    const { poolId } = await makePool(world, 2);
    const [first = '', second = ''] = await bootAll(world, poolId);
    let state: 'open' | 'over' = 'open';
    const early = untilDeadline(world.app, () => state === 'over');
    const overtaken = next(early, first, nonceOf(first));
    await world.clock.advance(config.vmHoldMs / 2);
    const reply = next(world.app, second, nonceOf(second));
    await world.clock.runUntil(overtaken, config.vmHoldMs);
    state = 'over';
    // Neither of two instances saw the other's commit: the job waits beside a free VM.
    const other = makeApp({ ...world, config: { ...config, dispatch: 'timer' }, seed: 2 });
    const jobId = await registered(world, poolId);
    ok(await startJob(other, world.service, jobId));
    await world.clock.advance(2 * limits.watchMs);
    expect((await job(world, jobId))?.kind).toBe('running');
    await world.clock.runUntil(reply, config.vmHoldMs);
  });

  it('is told to ask again when there is nothing for the length of the hold', async () => {
    const world = await makeWorld({ config });
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const reply = next(world.app, vmId, nonceOf(vmId));
    expect(await world.clock.runUntil(reply, config.vmHoldMs)).toEqual({ kind: 'wait', pauseMs: 0 });
    expect(world.app.wakeups.listenedTo('')).toEqual([]);
  });

  it('is let go at once when its process is about to end', async () => {
    const world = await makeWorld({ config });
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const closing = new AbortController();
    const reply = next({ ...world.app, closing: closing.signal }, vmId, nonceOf(vmId));
    await world.clock.advance(0);
    closing.abort();
    world.app.wakeups.notify(vmId);
    expect(await reply).toEqual({ kind: 'wait', pauseMs: 1_000 });
  });
});
