import { describe, expect, it } from 'vitest';
import { cancelByOwner } from '../../shared/app/cancel.ts';
import { finishJob } from '../../shared/app/finish.ts';
import { startJob } from '../../shared/app/start.ts';
import { next } from '../../shared/app/vm-calls.ts';
import { limits } from '../../shared/core/limits.ts';
import type { NextReply } from '../../shared/core/vm-protocol.ts';
import {
  bootAll,
  job,
  makeApp,
  makePool,
  makeWorld,
  nonceOf,
  ok,
  registered,
  started,
  type World,
} from './world.ts';

const outcome = { kind: 'finished', rows: 1 } as const;

function finished(world: World, vmId: string, jobId: string, attempt = 1): Promise<NextReply> {
  return finishJob(world.app, vmId, { nonce: nonceOf(vmId), jobId, attempt, outcome });
}

function workOf(reply: NextReply): string {
  if (reply.kind !== 'work') throw new Error(`it was told to ${reply.kind}`);
  return reply.assignment.jobId;
}

/** A pool at work: each VM has one job, and some more wait. */
async function busyPool(vms: number, waiting: number) {
  const world = await makeWorld();
  const { poolId } = await makePool(world, vms);
  const vmIds = await bootAll(world, poolId);
  const jobs: string[] = [];
  for (let n = 0; n < vms + waiting; n += 1) {
    await world.clock.advance(1);
    jobs.push(await started(world, poolId));
  }
  const held = new Map<string, string>();
  for (const vmId of vmIds) held.set(vmId, workOf(await next(world.app, vmId, nonceOf(vmId))));
  return { world, poolId, vmIds, jobs, held };
}

describe('VMs that end their jobs at the same moment', () => {
  it('are handed the queue in its order, in as many commits as turns', async () => {
    const { world, vmIds, jobs, held } = await busyPool(4, 6);
    const { transactions, queries, conflicts } = world.table.counts;
    const replies = await Promise.all(vmIds.map((vmId) => finished(world, vmId, held.get(vmId) ?? '')));
    expect(replies.map(workOf)).toEqual(jobs.slice(4, 8));
    expect(world.table.counts.transactions - transactions).toBe(2);
    expect(world.table.counts.queries - queries).toBe(2);
    expect(world.table.counts.conflicts - conflicts).toBe(0);
    for (const jobId of jobs.slice(0, 4)) expect((await job(world, jobId))?.kind).toBe('finished');
  });

  it('end a job once when its call is repeated meanwhile', async () => {
    const { world, vmIds, jobs, held } = await busyPool(2, 2);
    const [first = '', second = ''] = vmIds;
    const calls = [first, second, second].map((vmId) => finished(world, vmId, held.get(vmId) ?? ''));
    const replies = await world.clock.runUntil(Promise.all(calls));
    expect(replies.map(workOf)).toEqual([jobs[2], jobs[3], jobs[3]]);
  });

  it('all end when a row of one of them has changed meanwhile', async () => {
    const { world, vmIds, jobs, held } = await busyPool(3, 3);
    const [first = '', second = '', third = ''] = vmIds;
    const other = makeApp({ ...world, seed: 2 });
    const cancelled = held.get(second) ?? '';
    ok(await cancelByOwner(other, world.service, cancelled));
    const calls = [first, second, third].map((vmId) => finished(world, vmId, held.get(vmId) ?? ''));
    const replies = await world.clock.runUntil(Promise.all(calls));
    expect((await job(world, cancelled))?.kind).toBe('cancelled');
    expect((await job(world, held.get(first) ?? ''))?.kind).toBe('finished');
    expect((await job(world, held.get(third) ?? ''))?.kind).toBe('finished');
    expect(replies.map(workOf).toSorted()).toEqual(jobs.slice(3).toSorted());
  });
});

describe('a process that remembers rows', () => {
  it('gives a VM no job again that it has ended through another instance', async () => {
    const { world, vmIds, jobs, held } = await busyPool(1, 1);
    const [vmId = ''] = vmIds;
    const other = { ...world, app: makeApp({ ...world, seed: 2 }) };
    expect(workOf(await finished(other, vmId, held.get(vmId) ?? ''))).toBe(jobs[1]);
    expect(workOf(await next(world.app, vmId, nonceOf(vmId)))).toBe(jobs[1]);
  });

  it('takes no job out of the queue that another instance has started', async () => {
    const { world, poolId, vmIds, held } = await busyPool(1, 0);
    const [vmId = ''] = vmIds;
    const other = makeApp({ ...world, seed: 2 });
    const jobId = await registered(world, poolId);
    ok(await startJob(other, world.service, jobId));
    expect(workOf(await finished(world, vmId, held.get(vmId) ?? ''))).toBe(jobId);
  });

  it('finds within a second what one instance has freed while another passed the pool over', async () => {
    const config = { vmHoldMs: 20_000 };
    const world = await makeWorld({ config });
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const first = await started(world, poolId);
    // It looks for a free VM, finds none, and will not look again for a moment.
    const second = await started(world, poolId);
    const other = { ...world, app: makeApp({ ...world, config, seed: 2 }) };
    expect(workOf(await finished(other, vmId, first))).toBe(second);
    const waits = world.clock.runUntil(finished(other, vmId, second));
    expect(await waits).toMatchObject({ kind: 'wait' });
    const third = await started(world, poolId);
    expect((await job(world, third))?.kind).toBe('queued');
    const reply = next(other.app, vmId, nonceOf(vmId));
    expect(workOf(await world.clock.runUntil(reply, 2 * limits.watchMs))).toBe(third);
  });
});
