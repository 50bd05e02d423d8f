import { describe, expect, it } from 'vitest';
import { lookAfterMachines } from '../../shared/app/look-after-machines.ts';
import { deletePool, resizePool } from '../../shared/app/pools.ts';
import { limits } from '../../shared/core/limits.ts';
import { bootAll, job, Machines, makeApp, makePool, makeWorld, ok, started, ticked, vmsOf } from './world.ts';

/** A second host on the same storage, through which everything is asked for; the first one runs the VMs. */
async function twoHosts() {
  const owner = await makeWorld();
  const machines = new Machines('host-2');
  machines.holder = 'other';
  const other = { ...owner, machines, app: makeApp({ ...owner, machines, seed: 2 }) };
  return { owner, other };
}

describe('the host of the VMs', () => {
  it('starts what was asked for at another host, once, and then only reads', async () => {
    const { owner, other } = await twoHosts();
    const { poolId } = await makePool(other, 2);
    await ticked(other);
    expect(owner.machines.started).toEqual([]);
    await lookAfterMachines(owner.app);
    expect(owner.machines.started).toHaveLength(2);
    await lookAfterMachines(owner.app);
    expect(await bootAll(owner, poolId)).toHaveLength(2);
    owner.table.resetCounts();
    await lookAfterMachines(owner.app);
    expect(owner.table.counts).toMatchObject({ transactions: 0, gets: 0, queries: 2 });
    expect([owner.machines.started.length, other.machines.started.length]).toEqual([2, 0]);
  });

  it('ends a machine that was called off at another host', async () => {
    const { owner, other } = await twoHosts();
    const { poolId } = await makePool(owner, 1);
    expect(owner.machines.running.size).toBe(1);
    ok(await resizePool(other.app, other.account, poolId, { vmCount: 0 }));
    expect(owner.machines.running.size).toBe(1);
    await lookAfterMachines(owner.app);
    expect(owner.machines.running.size).toBe(0);
    expect(await vmsOf(owner, poolId)).toEqual([]);
  });

  it('ends a machine whose pool another host has brought to its end and to rest', async () => {
    const { owner, other } = await twoHosts();
    const { poolId } = await makePool(owner, 1);
    ok(await deletePool(other.app, other.account, poolId, 'refuse'));
    await ticked(other);
    expect(await vmsOf(owner, poolId)).toEqual([]);
    expect(await owner.app.store.get('pool', { poolId })).toMatchObject({ row: { kind: 'deleted' } });
    expect(owner.machines.running.size).toBe(1);
    await lookAfterMachines(owner.app);
    expect(owner.machines.running.size).toBe(0);
  });

  it('replaces the VMs of a host that has ended, and their jobs go on', async () => {
    const { owner, other } = await twoHosts();
    const { poolId } = await makePool(owner, 1);
    const [vmId = ''] = await bootAll(owner, poolId);
    const jobId = await started(owner, poolId);
    other.machines.holder = 'self';
    await lookAfterMachines(other.app);
    expect(await job(other, jobId)).toMatchObject({ kind: 'queued', losses: 0 });
    const [next = ''] = await bootAll(other, poolId);
    expect(next).not.toBe(vmId);
    expect(await job(other, jobId)).toMatchObject({ kind: 'running', vmId: next, attempt: 2 });
  });

  it('replaces a machine that has died, though the timer runs elsewhere', async () => {
    const { owner, other } = await twoHosts();
    const { poolId } = await makePool(owner, 1);
    const [vmId = ''] = await bootAll(owner, poolId);
    const jobId = await started(owner, poolId);
    owner.machines.kill(vmId);
    await ticked(other);
    expect(await job(owner, jobId)).toMatchObject({ kind: 'running', vmId });
    await lookAfterMachines(owner.app);
    expect(await job(owner, jobId)).toMatchObject({ kind: 'queued', losses: 1 });
    await owner.clock.advance(limits.replaceBackoffMs);
    await ticked(other);
    await lookAfterMachines(owner.app);
    const [next = ''] = await bootAll(owner, poolId);
    expect(next).not.toBe(vmId);
    expect(await job(owner, jobId)).toMatchObject({ kind: 'running', vmId: next, attempt: 2 });
    owner.table.resetCounts();
    await lookAfterMachines(owner.app);
    expect(owner.table.counts).toMatchObject({ transactions: 0, gets: 0, queries: 2 });
  });

  it('leaves everything to the one that holds the VMs', async () => {
    const { owner, other } = await twoHosts();
    await makePool(owner, 1);
    other.table.resetCounts();
    await lookAfterMachines(other.app);
    expect(other.table.counts.queries).toBe(0);
  });

  it('looks at no pool that has gone', async () => {
    const { owner, other } = await twoHosts();
    const { poolId } = await makePool(owner, 0);
    const live = await owner.app.store.get('live', { tag: poolId.slice(0, 12) });
    if (live === undefined) throw new Error('no live row');
    const dueMs = owner.clock.now() + limits.jobRetentionMs;
    await owner.app.store.commit([
      { do: 'replace', kind: 'live', row: { ...live.row, dueMs }, etag: live.etag },
    ]);
    await resizePool(other.app, other.account, poolId, { vmCount: 1 });
    await lookAfterMachines(owner.app);
    expect(owner.machines.started).toEqual([]);
  });
});
