import { describe, expect, it } from 'vitest';
import { planBill } from '../../shared/app/bill.ts';
import { collect } from '../../shared/app/all-rows.ts';
import { deletePool, getPool, poolUsage, resizePool } from '../../shared/app/pools.ts';
import { takeBeat } from '../../shared/app/vm-calls.ts';
import { tagOf } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import { hourMs } from '../../shared/core/plan.ts';
import {
  bootAll,
  makePool,
  makeWorld,
  nonceOf,
  ok,
  started,
  ticked,
  vmsOf,
  workOff,
  type World,
} from './world.ts';

const computeHour = hourMs;

/** VMs beat as rarely as their lease allows: a day on the virtual clock stays short. */
const beatMs = 3 * limits.beatIdleMs;

/** Time passes while VMs beat and work, and the timer ticks every few minutes. */
async function pass(world: World, poolId: string, ms: number, work = false): Promise<void> {
  const endMs = world.clock.now() + ms;
  for (let beats = 0; world.clock.now() < endMs; beats += 1) {
    const stepMs = Math.min(beatMs, endMs - world.clock.now());
    await world.clock.advance(stepMs);
    for (const vm of await vmsOf(world, poolId)) {
      if (vm.kind !== 'idle' && vm.kind !== 'busy') continue;
      if (work && vm.kind === 'busy') await workOff(world, vm.vmId);
      else await world.clock.runUntil(takeBeat(world.app, vm.vmId, { nonce: nonceOf(vm.vmId) }));
    }
    if (beats % 8 === 0) await world.clock.runUntil(ticked(world));
  }
}

/** Ends a pool as its owner does: to 0, then away; the VMs say goodbye at this very moment. */
async function endPool(world: World, poolId: string): Promise<void> {
  ok(await resizePool(world.app, world.account, poolId, { vmCount: 0 }));
  for (const vm of await vmsOf(world, poolId)) if (vm.kind === 'stopping') await workOff(world, vm.vmId);
  ok(await deletePool(world.app, world.account, poolId, 'refuse'));
  await ticked(world);
}

async function ledgerMs(world: World): Promise<number> {
  const [plan] = await collect(world.app, { of: 'plans', subscriptionId: world.account.subscriptionId });
  const lines = await collect(world.app, { of: 'ledger', planId: plan?.row.planId ?? '' });
  return lines.reduce((sum, { row }) => sum + row.toMs - row.fromMs, 0);
}

async function lifetimesMs(world: World, poolId: string): Promise<number> {
  const gone = await collect(world.app, { of: 'gone', tag: tagOf(poolId) });
  return gone.reduce((sum, { row }) => sum + row.atMs - (row.readyMs ?? row.atMs), 0);
}

const bill = async (world: World, span = {}) =>
  ok(await planBill(world.app, world.account, { group: 'rg', name: 's1' }, span));
const total = async (world: World) =>
  (await bill(world)).periods.reduce((sum, period) => sum + period.usage.poolMs, 0);

describe('the bill of a pool', () => {
  it.each([
    [2, 24, 0],
    [4, 12, 0],
    [2, 24, 30],
    [4, 12, 30],
  ])(
    '%i VMs, deleted after %i hours, with %i jobs: 48 compute hours, to the millisecond',
    async (vms, hours, jobs) => {
      const world = await makeWorld();
      const { poolId } = await makePool(world, vms);
      await world.clock.advance(7_321);
      expect(await bootAll(world, poolId)).toHaveLength(vms);
      for (let n = 0; n < jobs; n += 1) await started(world, poolId);
      await pass(world, poolId, hours * hourMs, true);
      await endPool(world, poolId);
      expect(ok(await getPool(world.app, world.account, poolId)).pool.kind).toBe('deleted');
      expect(await ledgerMs(world)).toBe(48 * computeHour);
      expect(await total(world)).toBe(48 * computeHour);
      const gone = await collect(world.app, { of: 'gone', tag: tagOf(poolId) });
      expect(gone.reduce((sum, { row }) => sum + row.atMs - (row.readyMs ?? row.atMs), 0)).toBe(
        48 * computeHour,
      );
    },
  );

  it('begins when a VM is ready, not when it was asked for', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    await world.clock.advance(20_000);
    expect(await total(world)).toBe(0);
    await bootAll(world, poolId);
    await pass(world, poolId, 60_000);
    await endPool(world, poolId);
    expect(await ledgerMs(world)).toBe(60_000);
  });

  it('shows what runs now, and posts an hour only with evidence of its end', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    await bootAll(world, poolId);
    await pass(world, poolId, 30 * 60_000);
    const early = ok(await poolUsage(world.app, world.account, poolId, {})).usage;
    expect([early.computeMs, early.postedMs]).toEqual([30 * 60_000, 0]);
    await pass(world, poolId, 31 * 60_000);
    const late = ok(await poolUsage(world.app, world.account, poolId, {})).usage;
    expect([late.computeMs, late.postedMs]).toEqual([61 * 60_000, hourMs]);
  });

  it('of a VM that dies ends at its last sign of life, however late that is found', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    await bootAll(world, poolId);
    await pass(world, poolId, 90 * 60_000);
    await world.clock.advance(10 * hourMs);
    await ticked(world);
    await world.clock.advance(limits.suspectMs);
    await ticked(world);
    expect(await ledgerMs(world)).toBe(90 * 60_000);
  });

  it('is the same when posting dies between its writes, at every one of them', async () => {
    for (let dead = 0; dead < 6; dead += 1) {
      const world = await makeWorld();
      const { poolId } = await makePool(world, 2);
      await bootAll(world, poolId);
      await pass(world, poolId, 59 * 60_000);
      let write = 0;
      world.table.onCall = (call) =>
        call.op === 'transact' && write++ === dead ? { kind: 'after', code: 'unreachable' } : undefined;
      await pass(world, poolId, 2 * 60_000);
      expect(write).toBeGreaterThan(dead);
      world.table.onCall = undefined;
      await endPool(world, poolId);
      await ticked(world);
      // Retries took time of their own: the lifetimes say what is right.
      expect(await ledgerMs(world)).toBe(await lifetimesMs(world, poolId));
      expect(await total(world)).toBe(await ledgerMs(world));
    }
  });

  it('charges overage at the rates of the plan: S1 includes 25 compute hours, then 2 USD each', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 2);
    await bootAll(world, poolId);
    await pass(world, poolId, 24 * hourMs);
    const { amountMicros, periods } = await bill(world);
    expect(amountMicros).toBe(23 * 2_000_000);
    expect(periods[0]?.overage.computeMs).toBe(23 * hourMs);
    expect(periods[0]?.pools).toEqual([{ poolId, computeMs: 48 * hourMs }]);
  });
});

describe('with the timer alone', () => {
  it('every job comes to its end and every second onto the ledger', async () => {
    const world = await makeWorld({ config: { dispatch: 'timer' } });
    const { poolId } = await makePool(world, 2);
    expect(await vmsOf(world, poolId)).toEqual([]);
    await ticked(world);
    const vmIds = await bootAll(world, poolId);
    expect(vmIds).toHaveLength(2);
    const jobs = [];
    for (let n = 0; n < 5; n += 1) jobs.push(await started(world, poolId), await started(world));
    const done: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      await world.clock.advance(5_000);
      await ticked(world);
      for (const vmId of [...vmIds, ...(await bootAll(world, '0'.repeat(32)))])
        done.push(...(await workOff(world, vmId)));
    }
    expect(done.toSorted()).toEqual(jobs.toSorted());
    ok(await deletePool(world.app, world.account, poolId, 'refuse'));
    await ticked(world);
    for (const vmId of vmIds) await workOff(world, vmId);
    await ticked(world);
    expect(ok(await getPool(world.app, world.account, poolId)).pool.kind).toBe('deleted');
    expect(await ledgerMs(world)).toBe(2 * 60_000);
  });
});
