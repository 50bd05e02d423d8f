import { describe, expect, it } from 'vitest';
import { createPool } from '../../shared/app/create-pool.ts';
import { planHold } from '../../shared/app/plan-hold.ts';
import { getPool } from '../../shared/app/pools.ts';
import { jobStatus } from '../../shared/app/status.ts';
import { takeBeat } from '../../shared/app/vm-calls.ts';
import { classicPoolId } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import { dayMs, hourMs, type Tier } from '../../shared/core/plan.ts';
import {
  bootAll,
  job,
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
  type World,
} from './world.ts';

const tier: Tier = {
  name: 'S1',
  includedComputeMs: 2 * hourMs,
  includedTransactions: 3,
  microsPerHour: 0,
  microsPer1000Transactions: 0,
  refillDays: 30,
  suspendOnOverage: true,
};

async function pass(world: World, poolId: string, ms: number): Promise<void> {
  const endMs = world.clock.now() + ms;
  while (world.clock.now() < endMs) {
    await world.clock.advance(Math.min(3 * limits.beatIdleMs, endMs - world.clock.now()));
    for (const vm of await vmsOf(world, poolId)) {
      if (vm.kind === 'idle' || vm.kind === 'busy' || vm.kind === 'draining') {
        await takeBeat(world.app, vm.vmId, { nonce: nonceOf(vm.vmId) });
      }
    }
  }
  await world.clock.runUntil(ticked(world));
}

describe('a plan that suspends on overage', () => {
  it('drains its pools when it is used up, keeps the wish, and gives the VMs back with the next period', async () => {
    const world = await makeWorld({ config: { tiers: [tier] } });
    const { poolId } = await makePool(world, 2);
    const [first = '', second = ''] = await bootAll(world, poolId);
    const running = await started(world, poolId);
    await pass(world, poolId, hourMs - 60_000);
    expect(ok(await getPool(world.app, world.account, poolId)).pool.hold).toBeUndefined();
    await pass(world, poolId, 120_000);
    const view = ok(await getPool(world.app, world.account, poolId));
    expect(view.pool.hold).toContain('used up');
    expect(view.pool.wish.vmCount).toBe(2);
    const kinds = Object.fromEntries((await vmsOf(world, poolId)).map((vm) => [vm.vmId, vm.kind]));
    expect(Object.values(kinds).toSorted()).toEqual(['draining', 'stopping']);
    const waiting = await started(world, poolId);
    for (const vmId of [first, second]) await workOff(world, vmId);
    expect((await job(world, running))?.kind).toBe('finished');
    expect(await vmsOf(world, poolId)).toEqual([]);
    const status = ok(await jobStatus(world.app, world.service, waiting));
    expect(status.job).toMatchObject({ kind: 'queued', reason: expect.stringContaining('used up') });
    const swaggerUrl = `http://x/subscriptions/${subscriptionId}/services/${world.service.serviceId}/swagger.json`;
    expect(refusedWith(await createPool(world.app, world.account, { vmCount: 1, swaggerUrl }))).toBe(
      'PlanUsedUp',
    );
    await world.clock.advance(30 * dayMs);
    await ticked(world);
    expect(ok(await getPool(world.app, world.account, poolId)).pool.hold).toBeUndefined();
    const [again = ''] = await bootAll(world, poolId);
    expect(await workOff(world, again)).toEqual([waiting]);
  });

  it('passes its classic lanes over, and no VM is kept for what waits there', async () => {
    const world = await makeWorld({ config: { tiers: [tier], classicVms: 1 } });
    for (let n = 0; n < tier.includedTransactions; n += 1) await started(world);
    const [vmId = ''] = await bootAll(world, classicPoolId);
    expect(await workOff(world, vmId)).toHaveLength(3);
    await ticked(world);
    await world.clock.advance(limits.planHoldMs);
    const waiting = await started(world);
    await ticked(world);
    expect(ok(await jobStatus(world.app, world.service, waiting)).job).toMatchObject({
      kind: 'queued',
      reason: expect.stringContaining('used up'),
    });
    await world.clock.advance(30 * dayMs);
    await ticked(world);
    expect(
      (await vmsOf(world, classicPoolId)).some(
        (vm) => vm.kind === 'provisioning' || vm.kind === 'idle' || vm.kind === 'busy',
      ),
    ).toBe(true);
  });
});

describe('a job that nobody starts', () => {
  it('is cancelled after seven days, with its secrets', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    const jobId = await registered(world, poolId);
    await world.clock.advance(limits.registeredMsMax - 1);
    await ticked(world);
    expect((await job(world, jobId))?.kind).toBe('registered');
    await world.clock.advance(limits.sweepRestMs);
    await ticked(world);
    expect(await job(world, jobId)).toMatchObject({
      kind: 'cancelled',
      reason: expect.stringContaining('7 days'),
    });
    expect(await world.app.store.get('spec', { jobId })).toBeUndefined();
  });
});

describe('a plan that never suspends', () => {
  it('is read once in each of its periods', async () => {
    const world = await makeWorld({ config: { tiers: [{ ...tier, suspendOnOverage: false }] } });
    const planId = world.service.plans[0]?.planId ?? '';
    const gets = async () => {
      world.table.resetCounts();
      expect(await planHold(world.app, subscriptionId, planId)).toBeUndefined();
      return world.table.counts.gets;
    };
    expect(await gets()).toBeGreaterThan(0);
    await world.clock.advance(dayMs);
    expect(await gets()).toBe(0);
    await world.clock.advance(30 * dayMs);
    expect(await gets()).toBeGreaterThan(0);
  });
});
