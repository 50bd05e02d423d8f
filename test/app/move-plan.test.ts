/** Moving a service's plan: from a whole hour on the other plan pays, and nothing is lost or paid twice. */
import { describe, expect, it } from 'vitest';
import { collect } from '../../shared/app/all-rows.ts';
import { planBill } from '../../shared/app/bill.ts';
import { getAssociation, listAssociations, moveAssociation } from '../../shared/app/move-plan.ts';
import { deletePlan } from '../../shared/app/plans.ts';
import { deletePool, poolUsage, resizePool } from '../../shared/app/pools.ts';
import { postPool } from '../../shared/app/post.ts';
import { getService } from '../../shared/app/services.ts';
import { takeBeat } from '../../shared/app/vm-calls.ts';
import { tagOf } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import { hourMs } from '../../shared/core/plan.ts';
import { movedTo, planAt } from '../../shared/core/service.ts';
import { tables } from '../../shared/storage/row-places.ts';
import { planArmId, planOf } from './classic-world.ts';
import {
  bootAll,
  job,
  makePool,
  makeWorld,
  nonceOf,
  ok,
  refusedWith,
  started,
  ticked,
  vmsOf,
  workOff,
  type World,
} from './world.ts';

const minuteMs = 60_000;
const s1 = { group: 'rg', name: 's1' };
const s2 = { group: 'rg', name: 's2' };

/** Time passes while idle VMs beat; the timer ticks when it is told to. */
async function pass(world: World, poolId: string, ms: number, ticks: 'ticking' | 'no ticks' = 'ticking') {
  const endMs = world.clock.now() + ms;
  for (let beats = 1; world.clock.now() < endMs; beats += 1) {
    await world.clock.advance(Math.min(3 * limits.beatIdleMs, endMs - world.clock.now()));
    for (const vm of await vmsOf(world, poolId)) {
      if (vm.kind === 'idle') await takeBeat(world.app, vm.vmId, { nonce: nonceOf(vm.vmId) });
    }
    if (ticks === 'ticking' && beats % 8 === 0) await world.clock.runUntil(ticked(world));
  }
}

async function endPool(world: World, poolId: string): Promise<void> {
  ok(await resizePool(world.app, world.account, poolId, { vmCount: 0 }));
  for (const vm of await vmsOf(world, poolId)) if (vm.kind === 'stopping') await workOff(world, vm.vmId);
  ok(await deletePool(world.app, world.account, poolId, 'refuse'));
  await ticked(world);
}

const move = (world: World, from: { group: string; name: string }, to: string) =>
  moveAssociation(world.app, world.account, from, world.service.serviceId, to);

async function postedMs(world: World, name: string): Promise<number> {
  const { planId } = await planOf(world, name);
  const lines = await collect(world.app, { of: 'ledger', planId });
  return lines.reduce((sum, { row }) => sum + row.toMs - row.fromMs, 0);
}

async function billedMs(world: World, thing: { group: string; name: string }): Promise<number> {
  const bill = ok(await planBill(world.app, world.account, thing, {}));
  return bill.periods.reduce((sum, { usage }) => sum + usage.poolMs, 0);
}

describe('the intervals of a move', () => {
  const first = { planId: 'a', fromMs: 0 };
  it.each([
    ['at the hour', 10 * hourMs, 11 * hourMs],
    ['15 minutes before an hour', 11 * hourMs - 15 * minuteMs, 11 * hourMs],
    ['a millisecond later', 11 * hourMs - 15 * minuteMs + 1, 12 * hourMs],
  ])('asked for %s begin with the first whole hour after the notice', (_, nowMs, fromMs) => {
    const plans = movedTo([first], 'b', nowMs);
    expect(plans).toEqual([first, { planId: 'b', fromMs }]);
    expect([planAt(plans, fromMs - 1), planAt(plans, fromMs)]).toEqual(['a', 'b']);
  });

  it('replace a move that has not begun, and never one that has', () => {
    const pending = movedTo([first], 'b', 10 * hourMs);
    expect(movedTo(pending, 'c', 10.5 * hourMs)).toEqual([first, { planId: 'c', fromMs: 11 * hourMs }]);
    expect(movedTo(pending, 'a', 10.5 * hourMs)).toEqual([first]);
    const begun = movedTo(pending, 'c', 11 * hourMs);
    expect(begun).toEqual([
      first,
      { planId: 'b', fromMs: 11 * hourMs },
      { planId: 'c', fromMs: 12 * hourMs },
    ]);
  });
});

describe('a move of an association', () => {
  it('posts hour by hour, whichever VM comes first: what dies between two plans leaves no hour behind', async () => {
    const world = await makeWorld();
    const startMs = world.clock.now();
    await planOf(world, 's2');
    const pool = await makePool(world, 2);
    await bootAll(world, pool.poolId);
    ok(await move(world, s1, planArmId('s2')));
    await pass(world, pool.poolId, 130 * minuteMs, 'no ticks');
    const [first, second] = await collect(world.app, { of: 'vms', tag: tagOf(pool.poolId) });
    if (first?.row.kind !== 'idle' || second === undefined) throw new Error('there are no two VMs');
    const late = { ...first, row: { ...first.row, readyMs: startMs + 70 * minuteMs } };
    const posted: (string | number)[] = [];
    const { transact } = world.table;
    world.table.transact = async (table, pk, ops) => {
      const hours = ops.flatMap(({ rk }) => /^[0-9a-f]{12}\|0*(\d+)\|/.exec(rk)?.[1] ?? []);
      if (table === tables.ledger) posted.push(...hours.map((hour) => (Number(hour) - startMs) / hourMs));
      return transact.call(world.table, table, pk, ops);
    };
    await postPool(world.app, pool, [late, second]);
    expect(posted).toEqual([0, 1, 1]);
  });

  it("sends a running pool's later hours to the other plan, exact to the millisecond", async () => {
    const world = await makeWorld();
    const startMs = world.clock.now();
    await planOf(world, 's2');
    const { poolId } = await makePool(world, 2);
    await world.clock.advance(7_321);
    await bootAll(world, poolId);
    await pass(world, poolId, 90 * minuteMs);
    ok(await move(world, s1, planArmId('s2')));
    const fromMs = startMs + 2 * hourMs;
    // A third VM lives across the move and ends in the middle of an hour.
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 3 }));
    await bootAll(world, poolId);
    await pass(world, poolId, 55 * minuteMs + 123);
    const [live1, live2] = [await billedMs(world, s1), await billedMs(world, s2)];
    const nowMs = world.clock.now();
    expect(live1).toBe(2 * (2 * hourMs - 7_321) + (fromMs - (startMs + 90 * minuteMs + 7_321)));
    expect(live2).toBe(3 * (nowMs - fromMs));
    await pass(world, poolId, 2 * hourMs + 1_234);
    await endPool(world, poolId);
    const gone = await collect(world.app, { of: 'gone', tag: tagOf(poolId) });
    const lifetimes = gone.map(({ row }) => ({ fromMs: row.readyMs ?? row.atMs, toMs: row.atMs }));
    const within = (from: number, to: number) =>
      lifetimes.reduce(
        (sum, life) => sum + Math.max(0, Math.min(life.toMs, to) - Math.max(life.fromMs, from)),
        0,
      );
    expect(gone).toHaveLength(3);
    expect(await postedMs(world, 's1')).toBe(within(0, fromMs));
    expect(await postedMs(world, 's2')).toBe(within(fromMs, Number.POSITIVE_INFINITY));
    expect([await billedMs(world, s1), await billedMs(world, s2)]).toEqual([
      await postedMs(world, 's1'),
      await postedMs(world, 's2'),
    ]);
    const { usage } = ok(await poolUsage(world.app, world.account, poolId, {}));
    expect(usage.computeMs).toBe(within(0, Number.POSITIVE_INFINITY));
  });

  it('is shown while it is pending, and the association belongs to the other plan once it holds', async () => {
    const world = await makeWorld();
    const { app, account, service, clock } = world;
    const { planId } = await planOf(world, 's2');
    await clock.advance(20 * minuteMs);
    const asked = ok(await move(world, s1, planId));
    const fromMs = Math.ceil((clock.now() + 15 * minuteMs) / hourMs) * hourMs;
    expect(asked.pending).toEqual({ planId, fromMs });
    const names = async (thing: typeof s1) =>
      ok(await listAssociations(app, account, thing, { top: 10 })).associations.map(
        (one) => one.service.serviceId,
      );
    expect([await names(s1), await names(s2)]).toEqual([[service.serviceId], []]);
    expect(ok(await getService(app, account, { group: 'rg', name: 'adult' })).plan?.name).toBe('s1');
    await clock.advanceTo(fromMs);
    expect([await names(s1), await names(s2)]).toEqual([[], [service.serviceId]]);
    expect(ok(await getService(app, account, { group: 'rg', name: 'adult' })).plan?.name).toBe('s2');
    expect(
      ok(await getAssociation(app, account, s2, service.serviceId.toUpperCase())).pending,
    ).toBeUndefined();
    expect(refusedWith(await getAssociation(app, account, s1, service.serviceId))).toBe(
      'CommitmentAssociationNotFound',
    );
    expect(refusedWith(await move(world, s1, planId))).toBe('CommitmentAssociationNotFound');
    expect(refusedWith(await move(world, s2, planArmId('s9')))).toBe('CommitmentPlanNotFound');
  });

  it('lets classic jobs be paid by the plan of the hour in which they start', async () => {
    const world = await makeWorld();
    const plans = [(await planOf(world, 's1')).planId, (await planOf(world, 's2')).planId];
    ok(await move(world, s1, planArmId('s2')));
    // As a call finds the service when its key is looked at.
    const { service } = ok(await getService(world.app, world.account, { group: 'rg', name: 'adult' }));
    await world.clock.advance(hourMs - 1);
    const before = await started({ ...world, service });
    await world.clock.advance(1);
    const after = await started({ ...world, service });
    expect([(await job(world, before))?.payer, (await job(world, after))?.payer]).toEqual(plans);
  });

  it('keeps both plans until the last hour of the first is posted, and then frees it', async () => {
    const world = await makeWorld();
    await planOf(world, 's2');
    const { poolId } = await makePool(world, 1);
    await bootAll(world, poolId);
    const deletion = (thing: typeof s1) => deletePlan(world.app, world.account, thing);
    ok(await move(world, s1, planArmId('s2')));
    expect(refusedWith(await deletion(s2))).toBe('PlanInUse');
    await pass(world, poolId, hourMs - 1_000);
    expect(refusedWith(await deletion(s1))).toBe('PlanInUse');
    // The hour is over, and nobody has posted it.
    await pass(world, poolId, 3 * minuteMs, 'no ticks');
    expect(await postedMs(world, 's1')).toBe(0);
    expect(refusedWith(await deletion(s1))).toBe('PlanInUse');
    await ticked(world);
    expect(await postedMs(world, 's1')).toBe(hourMs);
    ok(await deletion(s1));
    expect(refusedWith(await deletion(s2))).toBe('PlanInUse');
    await pass(world, poolId, 2 * hourMs);
    await endPool(world, poolId);
    expect(await postedMs(world, 's2')).toBe(2 * hourMs + 2 * minuteMs + 59_000);
    const { usage } = ok(await poolUsage(world.app, world.account, poolId, {}));
    expect(usage.computeMs).toBe(3 * hourMs + 2 * minuteMs + 59_000);
  });

  it('keeps the first plan until its last hour is over, even without a pool', async () => {
    const world = await makeWorld();
    await planOf(world, 's2');
    const deletion = async () => {
      const outcome = await deletePlan(world.app, world.account, s1);
      return outcome.kind === 'refused' ? outcome.details[0]?.message : 'deleted';
    };
    expect(await deletion()).toMatch(/pays for the web service "adult"; .*move its association/);
    ok(await move(world, s1, planArmId('s2')));
    await world.clock.advance(hourMs - 2 * minuteMs);
    expect(await deletion()).toMatch(/for another 3 min; delete it after that/);
    // Another instance's clock may be behind by less than a lease.
    await world.clock.advance(2 * minuteMs + limits.leaseMs - 1);
    expect(await deletion()).toMatch(/for another 1 min;/);
    await world.clock.advance(1);
    expect(await deletion()).toBe('deleted');
  });

  it('never ends at a plan that is deleted at the same time', async () => {
    for (let turn = 0; turn < 60; turn += 3) {
      const world = await makeWorld();
      await planOf(world, 's2');
      const moved = move(world, s1, planArmId('s2'));
      const later = async () => {
        for (let n = 0; n < turn; n += 1) await Promise.resolve();
        return deletePlan(world.app, world.account, s2);
      };
      const both = await world.clock.runUntil(Promise.all([moved, later()]));
      expect(both.filter((outcome) => outcome.kind !== 'refused')).toHaveLength(1);
    }
  });

  it('can be made only so often', async () => {
    const world = await makeWorld();
    await planOf(world, 's2');
    let outcome = '';
    for (let moves = 0; moves < limits.planIntervalsMax && outcome !== 'TooManyMoves'; moves += 1) {
      const [from, to] = moves % 2 === 0 ? [s1, 's2'] : [s2, 's1'];
      outcome = refusedWith(await move(world, from, planArmId(to))) ?? '';
      await world.clock.advance(2 * hourMs);
    }
    expect(outcome).toBe('TooManyMoves');
  });
});
