import { describe, expect, it } from 'vitest';
import { jobStatus } from '../../shared/app/status.ts';
import { createPool } from '../../shared/app/create-pool.ts';
import { deletePool, getPool, resizePool } from '../../shared/app/pools.ts';
import { registerJob } from '../../shared/app/register.ts';
import { startJob } from '../../shared/app/start.ts';
import { cancelByOwner } from '../../shared/app/cancel.ts';
import { finishJob } from '../../shared/app/finish.ts';
import { bye, hello, next, takeBeat } from '../../shared/app/vm-calls.ts';
import { putAccount } from '../../shared/app/accounts.ts';
import { limits } from '../../shared/core/limits.ts';
import {
  bootAll,
  endpoint,
  job,
  jobBody,
  makePool,
  makeWorld,
  nonceOf,
  ok,
  refusedWith,
  registered,
  started,
  subscriptionId,
  ticked,
  vmsOf,
  workOff,
} from './world.ts';

describe('a job on a pool', () => {
  it('runs at once when a VM is free, without a tick, and finishes with its result in three parts', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    expect(await job(world, jobId)).toMatchObject({ kind: 'running', vmId, attempt: 1 });
    expect(await workOff(world, vmId)).toEqual([jobId]);
    const status = ok(await jobStatus(world.app, world.service, jobId));
    const result = status.results?.['output1'];
    expect(result).toMatchObject({ baseLocation: `${endpoint}/`, relativeLocation: 'outputs/scored.csv' });
    expect(result?.token).toMatch(/^\?/);
  });

  it('waits for a VM otherwise, first in first out, and the next one comes with the end of the one before', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const jobs: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      await world.clock.advance(1_000);
      jobs.push(await started(world, poolId));
    }
    expect(await workOff(world, vmId)).toEqual(jobs);
  });

  it('costs three write transactions at saturation', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    await started(world, poolId);
    const before = world.table.counts.transactions;
    for (let n = 0; n < 10; n += 1) {
      await world.clock.advance(1);
      await started(world, poolId);
    }
    const after = world.table.counts.transactions;
    expect(after - before).toBe(20);
    expect(await workOff(world, vmId)).toHaveLength(11);
    expect(world.table.counts.transactions - after).toBe(11);
  });

  it('is started once, however often that is asked', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const jobId = await registered(world, poolId);
    const start = () => startJob(world.app, world.service, jobId);
    const answers = await world.clock.runUntil(Promise.all(Array.from({ length: 5 }, start)));
    expect(answers.map((answer) => answer.kind)).toEqual(Array(5).fill('done'));
    expect(await workOff(world, vmId)).toEqual([jobId]);
    expect((await startJob(world.app, world.service, jobId)).kind).toBe('done');
    expect(await job(world, jobId)).toMatchObject({ kind: 'finished', attempt: 1 });
  });

  it('fails with the reason when its input is missing at the start', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    const { jobId } = ok(
      await registerJob(world.app, world.service, jobBody(world, poolId, 'inputs/nothing.csv')),
    );
    const refusal = await startJob(world.app, world.service, jobId);
    expect(refusedWith(refusal)).toBe('BlobNotFound');
    expect(await job(world, jobId)).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('inputs/nothing.csv'),
    });
    expect(await world.app.store.get('spec', { jobId })).toBeUndefined();
    expect(refusedWith(await startJob(world.app, world.service, jobId))).toBe('BlobNotFound');
  });

  it('is cancelled at once in every state, and its VM goes on with the next', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const running = await started(world, poolId);
    const queued = await started(world, poolId);
    const fresh = await registered(world, poolId);
    const following = await started(world, poolId);
    for (const jobId of [running, queued, fresh]) {
      ok(await cancelByOwner(world.app, world.service, jobId));
      expect((await job(world, jobId))?.kind).toBe('cancelled');
      expect(await world.app.store.get('spec', { jobId })).toBeUndefined();
    }
    const beat = await takeBeat(world.app, vmId, {
      nonce: nonceOf(vmId),
      job: { jobId: running, attempt: 1, rowsDone: 5 },
    });
    expect(beat.kind).toBe('drop');
    expect(refusedWith(await startJob(world.app, world.service, fresh))).toBe('CannotStartJob');
    expect(await workOff(world, vmId)).toEqual([following]);
  });

  it('keeps a finished state when it is cancelled afterwards', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    await workOff(world, vmId);
    ok(await cancelByOwner(world.app, world.service, jobId));
    expect((await job(world, jobId))?.kind).toBe('finished');
  });

  it('is fenced by its attempt: the finish of a lost VM changes nothing', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [first = ''] = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    world.machines.kill(first);
    await ticked(world);
    expect(await job(world, jobId)).toMatchObject({ kind: 'queued', losses: 1 });
    const [second = ''] = await bootAll(world, poolId);
    expect(second).not.toBe(first);
    const late = await finishJob(world.app, first, {
      nonce: nonceOf(first),
      jobId,
      attempt: 1,
      outcome: { kind: 'finished', rows: 9 },
    });
    expect(late.kind).toBe('stop');
    expect(await workOff(world, second)).toEqual([jobId]);
    expect(await job(world, jobId)).toMatchObject({ kind: 'finished', attempt: 2, rows: 1 });
  });

  it('that ends every VM fails after three of them, with the cause, and others are not starved', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    await bootAll(world, poolId);
    const poison = await started(world, poolId);
    await world.clock.advance(1);
    const other = await started(world, poolId);
    for (let loss = 0; loss < limits.lossesMax; loss += 1) {
      const [vm] = (await vmsOf(world, poolId)).filter((one) => one.kind === 'busy');
      world.machines.kill(vm?.vmId ?? '');
      await ticked(world);
      await bootAll(world, poolId);
    }
    expect(await job(world, poison)).toMatchObject({
      kind: 'failed',
      losses: 3,
      reason: expect.stringContaining('SIGKILL'),
    });
    expect(await job(world, other)).toMatchObject({ kind: 'running' });
  });
});

describe('a silent VM', () => {
  it('is lost only after two looks, and its job goes on elsewhere', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    await world.clock.advance(limits.leaseMs + 1);
    await ticked(world);
    expect((await job(world, jobId))?.kind).toBe('running');
    await world.clock.advance(limits.suspectMs);
    await ticked(world);
    expect(await job(world, jobId)).toMatchObject({ kind: 'queued', losses: 1 });
  });

  it('is not lost by the first tick after a night without any host', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    await world.clock.advance(14 * 3_600_000);
    await ticked(world);
    const reply = await takeBeat(world.app, vmId, {
      nonce: nonceOf(vmId),
      job: { jobId, attempt: 1, rowsDone: 1 },
    });
    expect(reply.kind).toBe('go-on');
    await world.clock.advance(limits.suspectMs);
    await ticked(world);
    expect((await job(world, jobId))?.kind).toBe('running');
  });

  it('under whose id a second process comes is ended, and replaced', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    expect((await hello(world.app, vmId, nonceOf(vmId))).kind).toBe('welcome');
    expect((await hello(world.app, vmId, '0'.repeat(32))).kind).toBe('stop');
    expect((await next(world.app, vmId, nonceOf(vmId))).kind).toBe('stop');
    await ticked(world);
    expect((await vmsOf(world, poolId)).map((vm) => vm.kind)).toEqual(['provisioning']);
  });
});

describe('a pool', () => {
  it('counts against the quota exactly, under fifty creations at once', async () => {
    const world = await makeWorld({ maxPools: 7 });
    const swaggerUrl = `http://old.example/subscriptions/${subscriptionId}/services/${world.service.serviceId}/swagger.json`;
    const create = () => createPool(world.app, world.account, { vmCount: 0, swaggerUrl });
    const outcomes = await world.clock.runUntil(Promise.all(Array.from({ length: 50 }, create)));
    expect(outcomes.filter((outcome) => outcome.kind === 'pool')).toHaveLength(7);
    expect(new Set(outcomes.filter((outcome) => outcome.kind === 'refused').map(refusedWith))).toEqual(
      new Set(['PoolQuotaExceeded']),
    );
    expect((await world.app.store.get('account', { subscriptionId }))?.row.pools).toBe(7);
  });

  it('refuses more VMs than the quota and a service that cannot pay, each with its own sentence', async () => {
    const world = await makeWorld({ maxVmsPerPool: 3 });
    const make = (vmCount: number, swaggerUrl: string) =>
      createPool(world.app, world.account, { vmCount, swaggerUrl });
    const url = `http://x/subscriptions/${subscriptionId}/services/${world.service.serviceId}/swagger.json`;
    expect(refusedWith(await make(4, url))).toBe('VmQuotaExceeded');
    expect(refusedWith(await make(1, 'http://x/workspaces/w/services/s/swagger.json'))).toBe(
      'ClassicServiceNotAllowed',
    );
    expect(
      refusedWith(
        await make(1, `http://x/subscriptions/${'9'.repeat(32)}/services/${'8'.repeat(32)}/swagger.json`),
      ),
    ).toBe('ServiceOfAnotherAccount');
    expect(
      refusedWith(
        await make(1, `http://x/subscriptions/${subscriptionId}/services/${'8'.repeat(32)}/swagger.json`),
      ),
    ).toBe('WebServiceNotFound');
    expect(refusedWith(await make(1, 'nonsense'))).toBe('BadSwaggerUrl');
    expect((await world.app.store.get('account', { subscriptionId }))?.row.pools).toBe(0);
  });

  it('drains what runs when it shrinks, and takes it back when it grows again', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 2);
    const vmIds = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 0 }));
    for (const vmId of vmIds)
      if ((await vmsOf(world, poolId)).find((vm) => vm.vmId === vmId)?.kind === 'stopping')
        await workOff(world, vmId);
    expect((await vmsOf(world, poolId)).map((vm) => vm.kind)).toEqual(['draining']);
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 1 }));
    expect((await vmsOf(world, poolId)).map((vm) => vm.kind)).toEqual(['busy']);
    expect((await job(world, jobId))?.kind).toBe('running');
  });

  it('gives jobs back to the queue on request, without counting a loss', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 0, busyVms: 'requeue' }));
    expect(await job(world, jobId)).toMatchObject({
      kind: 'queued',
      losses: 0,
      reason: expect.stringContaining('resized'),
    });
    expect(await workOff(world, vmId)).toEqual([]);
    expect(await vmsOf(world, poolId)).toEqual([]);
  });

  it('is not deleted while jobs are unfinished, unless they are cancelled with it', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    const late = await registered(world, poolId);
    expect(refusedWith(await deletePool(world.app, world.account, poolId, 'refuse'))).toBe(
      'PoolHasUnfinishedJobs',
    );
    expect(ok(await deletePool(world.app, world.account, poolId, 'cancel')).pool.kind).toBe('deleting');
    expect(await job(world, jobId)).toMatchObject({ kind: 'cancelled', reason: 'Its pool was deleted.' });
    await workOff(world, vmId);
    expect(ok(await getPool(world.app, world.account, poolId)).pool.kind).toBe('deleted');
    expect((await world.app.store.get('account', { subscriptionId }))?.row.pools).toBe(0);
    expect(refusedWith(await startJob(world.app, world.service, late))).toBe('CannotStartJob');
    expect(await job(world, late)).toMatchObject({
      kind: 'cancelled',
      reason: expect.stringContaining('deleted'),
    });
  });

  it('that dies half made is given up by the tick, and its quota given back', async () => {
    const world = await makeWorld({ maxPools: 1 });
    world.table.onCall = (call) =>
      call.op === 'transact' && call.table === 'millpondpools'
        ? { kind: 'before', code: 'unreachable', maybeDone: false }
        : undefined;
    const making = expect(makePool(world, 1)).rejects.toThrow();
    await world.clock.advance(60_000);
    await making;
    world.table.onCall = undefined;
    expect((await world.app.store.get('account', { subscriptionId }))?.row.pools).toBe(1);
    await ticked(world);
    expect((await world.app.store.get('account', { subscriptionId }))?.row.pools).toBe(1);
    await world.clock.advance(3 * limits.requestMsMax);
    await ticked(world);
    expect((await world.app.store.get('account', { subscriptionId }))?.row.pools).toBe(0);
    await makePool(world, 1);
  });

  it('stays within a lowered quota without losing what runs', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 3);
    await bootAll(world, poolId);
    await putAccount(world.app, subscriptionId, { maxPools: 10, maxVmsPerPool: 1 });
    await ticked(world);
    expect((await vmsOf(world, poolId)).map((vm) => vm.kind)).toEqual(['idle', 'idle', 'idle']);
    expect(refusedWith(await resizePool(world.app, world.account, poolId, { vmCount: 4 }))).toBe(
      'VmQuotaExceeded',
    );
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 2 }));
    expect((await vmsOf(world, poolId)).filter((vm) => vm.kind === 'idle')).toHaveLength(2);
  });
});

describe('classic processing', () => {
  it('makes VMs on demand and lets them go when nothing waits', async () => {
    const world = await makeWorld();
    const jobId = await started(world);
    const classic = '0'.repeat(32);
    const [vmId = ''] = await bootAll(world, classic);
    expect(await workOff(world, vmId)).toEqual([jobId]);
    await world.clock.advance(limits.classicIdleMs + 1);
    await takeBeat(world.app, vmId, { nonce: nonceOf(vmId) });
    await ticked(world);
    await workOff(world, vmId);
    expect(await vmsOf(world, classic)).toEqual([]);
  });

  it('never has more VMs than the setting', async () => {
    const world = await makeWorld({ config: { classicVms: 2 } });
    for (let n = 0; n < 5; n += 1) await started(world);
    await ticked(world);
    expect(await vmsOf(world, '0'.repeat(32))).toHaveLength(2);
  });
});

describe('a VM that leaves', () => {
  it('after its job gets no other, and the pool makes a new one', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    const waiting = await started(world, poolId);
    const outcome = { kind: 'failed', code: 'OutOfMemoryLimit', message: 'too much' } as const;
    const call = { nonce: nonceOf(vmId), jobId, attempt: 1, outcome, after: 'leave' } as const;
    expect((await finishJob(world.app, vmId, call)).kind).toBe('stop');
    expect(await job(world, jobId)).toMatchObject({ kind: 'failed', code: 'OutOfMemoryLimit' });
    await bye(world.app, vmId, nonceOf(vmId));
    const [second = ''] = await bootAll(world, poolId);
    expect(await workOff(world, second)).toEqual([waiting]);
  });

  it('in the middle of a job gives the job back', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    await bye(world.app, vmId, nonceOf(vmId));
    expect((await job(world, jobId))?.kind).toBe('queued');
  });
});
