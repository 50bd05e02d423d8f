/** What the simulation has found, each once more by name: the shortest trace that shows it. */
import { describe, expect, it } from 'vitest';
import { collect } from '../../../shared/app/all-rows.ts';
import { dispatch } from '../../../shared/app/dispatch.ts';
import { finishJob } from '../../../shared/app/finish.ts';
import { resizePool } from '../../../shared/app/pools.ts';
import { reconcile } from '../../../shared/app/reconcile.ts';
import { registerJob } from '../../../shared/app/register.ts';
import { retireHost } from '../../../shared/app/retire-host.ts';
import { startJob } from '../../../shared/app/start.ts';
import { classicPoolId, classicTag, tagOf } from '../../../shared/core/ids.ts';
import { beginDeletion, held } from '../../../shared/core/pool.ts';
import { makeClassic, makeWorkspace } from '../../app/classic-world.ts';
import {
  bootAll,
  endpoint,
  job,
  jobBody,
  nonceOf,
  makePool,
  makeWorld,
  ok,
  started,
  vmsOf,
} from '../../app/world.ts';
import { otherApp } from './other-app.ts';

describe('a pass that is late', () => {
  it('does not add the VMs that another instance has added between its two reads', async () => {
    const world = await makeWorld({ maxVmsPerPool: 3, config: { dispatch: 'timer' } });
    const { poolId } = await makePool(world, 3);
    const tag = tagOf(poolId);
    await reconcile(otherApp(world, { get: ['m', () => reconcile(world.app, tag)] }), tag);
    expect(await collect(world.app, { of: 'vms', tag })).toHaveLength(3);
    // None was added beyond them and called off again.
    expect(await collect(world.app, { of: 'gone', tag })).toEqual([]);
  });

  it('does not take the place in the queue away of a job that has been given back meanwhile', async () => {
    const world = await makeWorld({ config: { dispatch: 'timer' } });
    const { poolId } = await makePool(world, 1);
    const tag = tagOf(poolId);
    await reconcile(world.app, tag);
    await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    // The pass sees a job that waits and a free VM; then the job runs, and is given back before the pass writes.
    const late = otherApp(world, {
      get: [`job|${jobId}`, () => dispatch(world.app, tag)],
      write: async () => {
        ok(await resizePool(world.app, world.account, poolId, { vmCount: 0, busyVms: 'requeue' }));
        await reconcile(world.app, tag);
      },
    });
    await dispatch(late, tag);
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 0, busyVms: 'requeue' }));
    await reconcile(world.app, tag);
    expect((await job(world, jobId))?.kind).toBe('queued');
    expect((await collect(world.app, { of: 'queue', tag })).map(({ row }) => row.jobId)).toEqual([jobId]);
  });
});

describe('a job that ends while another instance gives it back', () => {
  it('is left to its next VM, and its old one is told so', async () => {
    const world = await makeWorld({ config: { dispatch: 'timer' } });
    const { poolId } = await makePool(world, 1);
    const tag = tagOf(poolId);
    await reconcile(world.app, tag);
    await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    // This instance has given the job away: it remembers the VM at work and the job that runs.
    const other = { ...otherApp(world, {}), config: { ...world.app.config, dispatch: 'at-once' as const } };
    await dispatch(other, tag);
    const vm = (await vmsOf(world, poolId))[0]!;
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 0, busyVms: 'requeue' }));
    await reconcile(world.app, tag);
    const outcome = { kind: 'finished', rows: 1 } as const;
    const call = { nonce: nonceOf(vm.vmId), jobId, attempt: 1, outcome };
    const reply = await world.clock.runUntil(finishJob(other, vm.vmId, call));
    expect(reply).toMatchObject({ kind: 'stop' });
    expect((await job(world, jobId))?.kind).toBe('queued');
  });
});

describe('a job that was started while its pool went', () => {
  it('is cancelled also when the pool was on hold', async () => {
    const world = await makeWorld({ config: { dispatch: 'timer' } });
    const { poolId } = await makePool(world, 1);
    const jobId = await started(world, poolId);
    const stored = await world.app.store.get('pool', { poolId });
    if (stored?.row.kind !== 'active') throw new Error('there is no pool');
    const row = beginDeletion(held(stored.row, 'its plan is used up'), world.clock.now());
    await world.app.store.commit([{ do: 'replace', kind: 'pool', row, etag: stored.etag }]);
    await dispatch(world.app, tagOf(poolId));
    expect((await job(world, jobId))?.kind).toBe('cancelled');
  });
});

describe('a host that goes in order', () => {
  it('bills a VM whose process had died before to its last sign of life', async () => {
    const world = await makeWorld({ config: { dispatch: 'timer' } });
    const { poolId } = await makePool(world, 2);
    await reconcile(world.app, tagOf(poolId));
    const bootMs = world.clock.now();
    const [dead = '', alive = ''] = await bootAll(world, poolId);
    await world.clock.advance(40_000);
    world.machines.kill(dead);
    await world.clock.advance(5_000);
    await retireHost(world.app);
    const ends = new Map(
      (await vmsOf(world, poolId)).map((vm) => [vm.vmId, vm.kind === 'stopped' ? vm.atMs : 0]),
    );
    expect([ends.get(dead), ends.get(alive)]).toEqual([bootMs, bootMs + 45_000]);
  });
});

describe('a classic endpoint', () => {
  it('is served whatever its id begins with', async () => {
    const world = await makeWorld({ config: { classicVms: 1 } });
    const workspace = await makeWorkspace(world, 's1');
    let service = await makeClassic(world, workspace, 'n0');
    for (let n = 1; !service.serviceId.startsWith('0'); n += 1)
      service = await makeClassic(world, workspace, `n${n}`);
    world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
    const { jobId } = ok(await registerJob(world.app, service, jobBody(world)));
    ok(await startJob(world.app, service, jobId));
    expect(await collect(world.app, { of: 'vms', tag: classicTag })).toHaveLength(1);
    await bootAll(world, classicPoolId);
    expect((await job(world, jobId))?.kind).toBe('running');
  });
});
