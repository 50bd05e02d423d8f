import { describe, expect, it } from 'vitest';
import { collect } from '../../shared/app/all-rows.ts';
import { putAccount } from '../../shared/app/accounts.ts';
import { putPlan } from '../../shared/app/plans.ts';
import { planBill } from '../../shared/app/bill.ts';
import { cancelByOwner } from '../../shared/app/cancel.ts';
import { registerJob } from '../../shared/app/register.ts';
import { startJob } from '../../shared/app/start.ts';
import { next } from '../../shared/app/vm-calls.ts';
import { finishJob } from '../../shared/app/finish.ts';
import { classicPoolId, classicTag } from '../../shared/core/ids.ts';
import type { Service } from '../../shared/core/service.ts';
import {
  bootAll,
  endpoint,
  job,
  jobBody,
  makeService,
  makeWorld,
  nonceOf,
  ok,
  started,
  ticked,
  vmsOf,
  workOff,
  type World,
} from './world.ts';

async function startedOn(world: World, service: Service): Promise<string> {
  await world.clock.advance(1);
  world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  const { jobId } = ok(await registerJob(world.app, service, jobBody(world)));
  ok(await startJob(world.app, service, jobId));
  return jobId;
}

const kindOf = async (world: World, jobId: string) => (await job(world, jobId))?.kind;

describe('classic lanes', () => {
  it('are served in one order over all endpoints', async () => {
    const world = await makeWorld({ config: { classicVms: 1 } });
    const other = await makeService(world, 'other');
    await started(world);
    const [vmId = ''] = await bootAll(world, classicPoolId);
    const first = await next(world.app, vmId, nonceOf(vmId));
    const jobs = [];
    for (const service of [world.service, other, other, world.service, other])
      jobs.push(await startedOn(world, service));
    const assignment = first.kind === 'work' ? first.assignment : undefined;
    await finishJob(world.app, vmId, {
      nonce: nonceOf(vmId),
      jobId: assignment?.jobId ?? '',
      attempt: 1,
      outcome: { kind: 'finished', rows: 1 },
    });
    expect(await workOff(world, vmId)).toEqual(jobs);
  });

  it('run at most so many jobs of one endpoint, and one at its limit holds up nobody', async () => {
    const world = await makeWorld({ config: { classicVms: 4, classicRunningMax: 2 } });
    const other = await makeService(world, 'other');
    const capped = [];
    for (let n = 0; n < 4; n += 1) capped.push(await startedOn(world, world.service));
    const late = await startedOn(world, other);
    await ticked(world);
    await bootAll(world, classicPoolId);
    await ticked(world);
    expect(await Promise.all(capped.map((jobId) => kindOf(world, jobId)))).toEqual([
      'running',
      'running',
      'queued',
      'queued',
    ]);
    expect(await kindOf(world, late)).toBe('running');
    const slots = { of: 'slots', tag: classicTag, lane: world.service.serviceId } as const;
    expect(await collect(world.app, slots)).toHaveLength(2);
    const cancelled = await job(world, capped[0] ?? '');
    ok(await cancelByOwner(world.app, world.service, capped[0] ?? ''));
    expect(await collect(world.app, slots)).toHaveLength(1);
    const vmId = (cancelled?.kind === 'running' && cancelled.vmId) || '';
    expect(await next(world.app, vmId, nonceOf(vmId))).toMatchObject({ kind: 'work' });
    expect(await kindOf(world, capped[2] ?? '')).toBe('running');
    // Twice: a VM that was worked off first may have been handed what a later one made room for.
    for (const vm of await vmsOf(world, classicPoolId)) await workOff(world, vm.vmId);
    for (const vm of await vmsOf(world, classicPoolId)) await workOff(world, vm.vmId);
    expect(await collect(world.app, slots)).toEqual([]);
  });

  it('never let a process that has worked for one account work for another', async () => {
    const world = await makeWorld({ config: { classicVms: 1 } });
    const { account } = await putAccount(world.app, 'cd'.repeat(16), { maxPools: 1, maxVmsPerPool: 1 });
    ok(await putPlan(world.app, account, { group: 'rg', name: 's1' }, 'S1'));
    const stranger = await makeService({ ...world, account }, 'adult');
    await started(world);
    const [first = ''] = await bootAll(world, classicPoolId);
    const foreign = await startedOn(world, stranger);
    await workOff(world, first);
    await ticked(world);
    expect(await kindOf(world, foreign)).toBe('queued');
    await workOff(world, first);
    await ticked(world);
    const [second = ''] = await bootAll(world, classicPoolId);
    expect(second).not.toBe(first);
    expect(await workOff(world, second)).toEqual([foreign]);
  });

  it('give the place back when their VM dies', async () => {
    const world = await makeWorld({ config: { classicVms: 1, classicRunningMax: 1 } });
    const jobId = await started(world);
    const [vmId = ''] = await bootAll(world, classicPoolId);
    world.machines.kill(vmId);
    await ticked(world);
    const [second = ''] = await bootAll(world, classicPoolId);
    expect(await workOff(world, second)).toEqual([jobId]);
  });
});

describe('the bill of classic jobs', () => {
  it('100 jobs a day for 31 days, 500 rows of 0.72 s each, at S1 overage: 1.55 + 620 USD', async () => {
    const world = await makeWorld({
      config: {
        classicVms: 1,
        tiers: [
          {
            name: 'S1',
            includedComputeMs: 0,
            includedTransactions: 0,
            microsPerHour: 2_000_000,
            microsPer1000Transactions: 500_000,
            refillDays: 31,
            suspendOnOverage: false,
          },
        ],
      },
    });
    for (let day = 0; day < 31; day += 1) {
      const midnightMs = world.clock.now();
      for (let n = 0; n < 100; n += 1) {
        await started(world);
        for (const vmId of await bootAll(world, classicPoolId)) {
          const nonce = nonceOf(vmId);
          const work = await next(world.app, vmId, nonce);
          if (work.kind !== 'work') continue;
          await world.clock.advance(500 * 720);
          const { jobId, attempt } = work.assignment;
          const done = { kind: 'finished', rows: 500 } as const;
          expect((await finishJob(world.app, vmId, { nonce, jobId, attempt, outcome: done })).kind).toBe(
            'wait',
          );
        }
      }
      await ticked(world);
      await ticked(world);
      await world.clock.advanceTo(midnightMs + 86_000_000);
    }
    const bill = ok(await planBill(world.app, world.account, { group: 'rg', name: 's1' }, {}));
    expect(bill.periods[0]?.usage).toEqual({ poolMs: 0, classicMs: 3_100 * 360_000, transactions: 3_100 });
    expect(bill.amountMicros).toBe(621_550_000);
    expect(await collect(world.app, { of: 'uses', tag: classicTag })).toEqual([]);
  }, 120_000);

  it('counts a job that was cancelled while it waited as a transaction, and one never started as nothing', async () => {
    const world = await makeWorld({ config: { classicVms: 0 } });
    const waiting = await started(world);
    const { jobId } = ok(await registerJob(world.app, world.service, jobBody(world)));
    ok(await cancelByOwner(world.app, world.service, waiting));
    ok(await cancelByOwner(world.app, world.service, jobId));
    await ticked(world);
    await ticked(world);
    const bill = ok(await planBill(world.app, world.account, { group: 'rg', name: 's1' }, {}));
    expect(bill.periods[0]?.usage).toEqual({ poolMs: 0, classicMs: 0, transactions: 1 });
  });
});
