/** What the article promises and no other test proves: quotas raised, pools apart, plans and hours, and when a pool pays. */
import { describe, expect, it } from 'vitest';
import { putAccount } from '../../shared/app/accounts.ts';
import { planBill } from '../../shared/app/bill.ts';
import { createPool } from '../../shared/app/create-pool.ts';
import { finishJob } from '../../shared/app/finish.ts';
import { deletePool, getPool, resizePool } from '../../shared/app/pools.ts';
import { putPlan } from '../../shared/app/plans.ts';
import { registerJob } from '../../shared/app/register.ts';
import { putService } from '../../shared/app/services.ts';
import { startJob } from '../../shared/app/start.ts';
import { next, takeBeat } from '../../shared/app/vm-calls.ts';
import { classicPoolId } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import { hourMs } from '../../shared/core/plan.ts';
import type { Service } from '../../shared/core/service.ts';
import { contentOf, makeClassic, makeWorkspace, planArmId } from './classic-world.ts';
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
  started,
  subscriptionId,
  ticked,
  vmsOf,
  workOff,
  type World,
} from './world.ts';

function swaggerOf(service: Service): string {
  return `http://127.0.0.1:7071/subscriptions/${subscriptionId}/services/${service.serviceId}/swagger.json`;
}

/** A plan of a tier and a new web service that bills to it. */
async function serviceOn(world: World, plan: string, tier = 'S1'): Promise<Service> {
  const { app, account } = world;
  ok(await putPlan(app, account, { group: 'rg', name: plan }, tier));
  const wish = {
    group: 'rg',
    name: `on-${plan}`,
    commitmentPlan: planArmId(plan),
    ...contentOf(world),
  };
  return ok(await putService(app, account, wish)).service;
}

async function poolOn(world: World, service: Service, vmCount: number): Promise<string> {
  const wish = { vmCount, swaggerUrl: swaggerOf(service) };
  return ok(await createPool(world.app, world.account, wish)).pool.poolId;
}

async function poolMsOf(world: World, plan: string): Promise<number> {
  const bill = ok(await planBill(world.app, world.account, { group: 'rg', name: plan }, {}));
  return bill.periods.reduce((sum, period) => sum + period.usage.poolMs, 0);
}

/** Time passes, VMs beat, the timer ticks. */
async function pass(world: World, poolIds: readonly string[], ms: number): Promise<void> {
  const endMs = world.clock.now() + ms;
  while (world.clock.now() < endMs) {
    await world.clock.advance(Math.min(2 * limits.beatIdleMs, endMs - world.clock.now()));
    for (const poolId of poolIds) {
      for (const { vmId, kind } of await vmsOf(world, poolId)) {
        if (kind === 'idle' || kind === 'busy') await takeBeat(world.app, vmId, { nonce: nonceOf(vmId) });
      }
    }
    await ticked(world);
  }
}

async function leaveAll(world: World, poolId: string): Promise<void> {
  for (const vm of await vmsOf(world, poolId)) if (vm.kind === 'stopping') await workOff(world, vm.vmId);
  await ticked(world);
}

describe('pools', () => {
  it('take no job of another pool or of classic processing, and lend nobody a VM', async () => {
    const world = await makeWorld({ config: { classicVms: 0 } });
    const [mine, other] = [await makePool(world, 2), await makePool(world, 1)];
    await bootAll(world, mine.poolId);
    const [vmId = ''] = await bootAll(world, other.poolId);
    const running = await started(world, other.poolId);
    const waiting = [await started(world, other.poolId), await started(world)];
    await ticked(world);
    expect(await job(world, running)).toMatchObject({ kind: 'running', vmId });
    for (const jobId of waiting) expect((await job(world, jobId))?.kind).toBe('queued');
    expect((await vmsOf(world, mine.poolId)).map((vm) => vm.kind)).toEqual(['idle', 'idle']);
  });

  it('run jobs of new and of classic web services, and need a new one to be made', async () => {
    const world = await makeWorld();
    const workspace = await makeWorkspace(world, 's1');
    const classic = await makeClassic(world, workspace);
    const url = `http://127.0.0.1:7071/workspaces/${workspace.workspaceId}/services/${classic.serviceId}/swagger.json`;
    const refused = await createPool(world.app, world.account, { vmCount: 1, swaggerUrl: url });
    expect(refusedWith(refused)).toBe('ClassicServiceNotAllowed');
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const ofNew = await started(world, poolId);
    const { jobId } = ok(await registerJob(world.app, classic, jobBody(world, poolId)));
    ok(await startJob(world.app, classic, jobId));
    expect(await workOff(world, vmId)).toEqual([ofNew, jobId]);
  });

  it('get a job by one parameter of its submission; without it the job is classic', async () => {
    const world = await makeWorld({ config: { classicVms: 0 } });
    const { poolId } = await makePool(world, 0);
    const body = jobBody(world, poolId);
    const { AzureBatchPoolId: _, ...without } = body;
    const pooled = ok(await registerJob(world.app, world.service, body));
    const classic = ok(await registerJob(world.app, world.service, without));
    expect((await job(world, pooled.jobId))?.poolId).toBe(poolId);
    expect((await job(world, classic.jobId))?.poolId).toBe(classicPoolId);
  });
});

describe('a quota', () => {
  it('of pools and of VMs is raised by the operator, and the next call may use it', async () => {
    const world = await makeWorld({ maxPools: 1, maxVmsPerPool: 2 });
    const { poolId } = await makePool(world, 2);
    const wish = { vmCount: 1, swaggerUrl: swaggerOf(world.service) };
    const create = () => createPool(world.app, world.account, wish);
    const grow = () => resizePool(world.app, world.account, poolId, { vmCount: 3 });
    expect([refusedWith(await create()), refusedWith(await grow())]).toEqual([
      'PoolQuotaExceeded',
      'VmQuotaExceeded',
    ]);
    await putAccount(world.app, subscriptionId, { maxPools: 2, maxVmsPerPool: 3 });
    expect([(await create()).kind, (await grow()).kind]).toEqual(['pool', 'pool']);
    expect(await vmsOf(world, poolId)).toHaveLength(3);
  });
});

describe('the plan of a pool', () => {
  it('is that of the web service that it was made with, whichever service its jobs are of', async () => {
    const world = await makeWorld();
    const other = await serviceOn(world, 'other');
    const poolId = await poolOn(world, other, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    expect(await workOff(world, vmId)).toEqual([jobId]);
    await pass(world, [poolId], hourMs);
    expect([await poolMsOf(world, 'other'), await poolMsOf(world, 's1')]).toEqual([hourMs, 0]);
  });

  it.each(['S1', 'S2', 'S3', 'DevTest'])('may be of tier %s', async (tier) => {
    const world = await makeWorld();
    const service = await serviceOn(world, 'mine', tier);
    const poolId = await poolOn(world, service, 1);
    await bootAll(world, poolId);
    await pass(world, [poolId], hourMs);
    expect(await poolMsOf(world, 'mine')).toBe(hourMs);
  });

  it('is another one after the pool was deleted and made anew for another service', async () => {
    const world = await makeWorld({ maxPools: 1 });
    const other = await serviceOn(world, 'other');
    const first = await makePool(world, 1);
    await bootAll(world, first.poolId);
    await pass(world, [first.poolId], hourMs);
    const wish = { vmCount: 1, swaggerUrl: swaggerOf(other) };
    expect(refusedWith(await createPool(world.app, world.account, wish))).toBe('PoolQuotaExceeded');
    ok(await deletePool(world.app, world.account, first.poolId, 'refuse'));
    await leaveAll(world, first.poolId);
    const poolId = await poolOn(world, other, 1);
    await bootAll(world, poolId);
    await pass(world, [poolId], 2 * hourMs);
    expect([await poolMsOf(world, 's1'), await poolMsOf(world, 'other')]).toEqual([hourMs, 2 * hourMs]);
  });
});

describe('the hours of a pool', () => {
  it('are charged while nothing runs, and end with its deletion', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 3);
    await bootAll(world, poolId);
    await pass(world, [poolId], hourMs);
    expect(await poolMsOf(world, 's1')).toBe(3 * hourMs);
    await pass(world, [poolId], hourMs);
    expect(await poolMsOf(world, 's1')).toBe(6 * hourMs);
    ok(await deletePool(world.app, world.account, poolId, 'refuse'));
    await leaveAll(world, poolId);
    await pass(world, [poolId], 5 * hourMs);
    expect(await poolMsOf(world, 's1')).toBe(6 * hourMs);
  });

  it('end with a resize to 0 when all jobs are done; the pool stays and can grow again', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 2);
    const vmIds = await bootAll(world, poolId);
    const jobs = [await started(world, poolId), await started(world, poolId), await started(world, poolId)];
    for (const vmId of vmIds) await workOff(world, vmId);
    for (const jobId of jobs) expect((await job(world, jobId))?.kind).toBe('finished');
    await pass(world, [poolId], hourMs);
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 0 }));
    await leaveAll(world, poolId);
    await pass(world, [poolId], 3 * hourMs);
    expect(await poolMsOf(world, 's1')).toBe(2 * hourMs);
    expect(ok(await getPool(world.app, world.account, poolId)).pool.kind).toBe('active');
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 1 }));
    expect(await bootAll(world, poolId)).toHaveLength(1);
  });
});

describe('throughput', () => {
  it('is a matter of size: four times the VMs end the same jobs in a quarter of the time', async () => {
    const [few, many] = [await minutesFor(48, 3), await minutesFor(48, 12)];
    expect([few, many]).toEqual([16, 4]);
  });
});

/** Rounds of one minute, a job per VM and round, until all are finished. */
async function minutesFor(jobs: number, vms: number): Promise<number> {
  const world = await makeWorld();
  world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  const { poolId } = await makePool(world, vms);
  const vmIds = await bootAll(world, poolId);
  for (let n = 0; n < jobs; n += 1) await started(world, poolId);
  let minutes = 0;
  for (let left = jobs; left > 0; minutes += 1) {
    const asked = [];
    for (const vmId of vmIds) asked.push({ vmId, reply: await next(world.app, vmId, nonceOf(vmId)) });
    await world.clock.advance(60_000);
    for (const { vmId, reply } of asked) {
      if (reply.kind !== 'work') throw new Error('a VM stands idle while jobs wait');
      const { jobId, attempt } = reply.assignment;
      const outcome = { kind: 'finished', rows: 1 } as const;
      await finishJob(world.app, vmId, { nonce: nonceOf(vmId), jobId, attempt, outcome });
      left -= 1;
    }
  }
  return minutes;
}
