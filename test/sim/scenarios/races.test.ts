/** Races that the design answers, each by its shortest trace; those with a test elsewhere are named in `test/race-list.ts`. */
import { describe, expect, it } from 'vitest';
import { collect } from '../../../shared/app/all-rows.ts';
import { dispatch } from '../../../shared/app/dispatch.ts';
import { finishJob } from '../../../shared/app/finish.ts';
import { deletePool, resizePool } from '../../../shared/app/pools.ts';
import type { App } from '../../../shared/app/ports.ts';
import { reconcile } from '../../../shared/app/reconcile.ts';
import { startJob } from '../../../shared/app/start.ts';
import { takeBeat } from '../../../shared/app/vm-calls.ts';
import { tagOf } from '../../../shared/core/ids.ts';
import {
  bootAll,
  job,
  makePool,
  makeWorld,
  nonceOf,
  ok,
  registered,
  started,
  vmsOf,
  type World,
} from '../../app/world.ts';
import { otherApp } from './other-app.ts';

/** A pool with one VM that is up, and nothing that happens by itself. */
async function oneIdleVm() {
  const world = await makeWorld({ config: { dispatch: 'timer' } });
  const { poolId } = await makePool(world, 1);
  const tag = tagOf(poolId);
  await reconcile(world.app, tag);
  const [vmId = ''] = await bootAll(world, poolId);
  return { world, poolId, tag, vmId };
}

/** The same instance, as it is where every commit dispatches. */
const atOnce = (app: App): App => ({ ...app, config: { ...app.config, dispatch: 'at-once' } });

async function kindOf(world: World, poolId: string): Promise<string | undefined> {
  return (await vmsOf(world, poolId))[0]?.kind;
}

describe('a VM', () => {
  it('that dispatch has just made busy is not taken away by a reconcile that saw it idle', async () => {
    const { world, poolId, tag } = await oneIdleVm();
    const jobId = await started(world, poolId);
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 0 }));
    await reconcile(otherApp(world, { write: () => dispatch(world.app, tag) }), tag);
    expect(await kindOf(world, poolId)).toBe('busy');
    await reconcile(world.app, tag);
    expect(await kindOf(world, poolId)).toBe('draining');
    expect(await job(world, jobId)).toMatchObject({ kind: 'running', attempt: 1, losses: 0 });
  });

  it('that beats between the read and the commit of a dispatcher gets its job all the same, once', async () => {
    const { world, poolId, tag, vmId } = await oneIdleVm();
    const jobId = await started(world, poolId);
    const beat = async () => {
      await world.clock.advance(1_000);
      await takeBeat(world.app, vmId, { nonce: nonceOf(vmId) });
    };
    await dispatch(otherApp(world, { write: beat }), tag);
    expect(await job(world, jobId)).toMatchObject({ kind: 'running', attempt: 1, vmId });
    expect((await vmsOf(world, poolId))[0]).toMatchObject({ kind: 'busy', beatMs: world.clock.now() });
  });
});

describe('a start', () => {
  it('that has looked before, and commits after the deletion of its pool ends with that reason', async () => {
    const { world, poolId, tag } = await oneIdleVm();
    const jobId = await registered(world, poolId);
    const late = otherApp(world, {
      write: async () => void ok(await deletePool(world.app, world.account, poolId, 'cancel')),
    });
    await world.clock.runUntil(startJob(late, world.service, jobId));
    await dispatch(world.app, tag);
    const ended = await job(world, jobId);
    expect(ended).toMatchObject({
      kind: 'cancelled',
      reason: expect.stringMatching(/pool was deleted/) as string,
    });
    expect(await collect(world.app, { of: 'queue', tag })).toEqual([]);
    expect(await collect(world.app, { of: 'specs', tag })).toEqual([]);
  });

  it('that sees no free VM while a finish sees an empty queue: who commits last dispatches', async () => {
    const { world, poolId, tag, vmId } = await oneIdleVm();
    const first = await started(world, poolId);
    await dispatch(world.app, tag);
    const second = await registered(world, poolId);
    // The finish has read the queue; before it commits, the start is done, and has found nobody free.
    const late = atOnce(
      otherApp(world, {
        write: async () => {
          ok(await startJob(atOnce(world.app), world.service, second));
          expect((await job(world, second))?.kind).toBe('queued');
        },
      }),
    );
    const outcome = { kind: 'finished', rows: 1 } as const;
    const call = { nonce: nonceOf(vmId), jobId: first, attempt: 1, outcome };
    expect(await world.clock.runUntil(finishJob(late, vmId, call))).toMatchObject({
      kind: 'work',
      assignment: { jobId: second },
    });
  });

  it('of fifty at once for one VM is one of two dispatches, not of fifty', async () => {
    const { world, poolId } = await oneIdleVm();
    const jobIds: string[] = [];
    for (let n = 0; n < 50; n += 1) jobIds.push(await registered(world, poolId));
    const app = atOnce(world.app);
    world.table.resetCounts();
    await world.clock.runUntil(Promise.all(jobIds.map((id) => startJob(app, world.service, id))));
    const kinds = await Promise.all(jobIds.map(async (id) => (await job(world, id))?.kind));
    expect(kinds.filter((kind) => kind === 'running')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'queued')).toHaveLength(49);
    expect(world.table.counts.queries).toBeLessThanOrEqual(3);
    expect(world.table.counts.conflicts).toBe(0);
  });
});
