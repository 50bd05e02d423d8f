/** Tiers that change under plans: another one, one with shorter periods, one that is configured no longer. */
import { expect, it } from 'vitest';
import { putAccount } from '../../shared/app/accounts.ts';
import { collect } from '../../shared/app/all-rows.ts';
import { planBill } from '../../shared/app/bill.ts';
import { patchPlan, putPlan } from '../../shared/app/plans.ts';
import { postLines } from '../../shared/app/post-lines.ts';
import { postUses } from '../../shared/app/post-uses.ts';
import { classicPoolId, classicTag } from '../../shared/core/ids.ts';
import { dayMs, hourMs, type Tier } from '../../shared/core/plan.ts';
import { planOf } from './classic-world.ts';
import { bootAll, job, makeApp, makeWorld, ok, started, ticked, workOff, type World } from './world.ts';

const thing = { group: 'rg', name: 's1' };
const tier: Tier = {
  name: 'S1',
  includedComputeMs: hourMs,
  includedTransactions: 0,
  microsPerHour: 1_000_000,
  microsPer1000Transactions: 0,
  refillDays: 30,
  suspendOnOverage: false,
};
const weekly: Tier = { ...tier, name: 'Weekly', microsPerHour: 2_000_000, refillDays: 7 };

/** One hour of a VM, posted as it ends. */
async function hourPosted(world: World): Promise<void> {
  const plan = await planOf(world, 's1');
  const fromMs = world.clock.now();
  await world.clock.advance(hourMs);
  const slice = {
    poolId: 'a'.repeat(32),
    vmId: 'a'.repeat(32),
    hourMs: fromMs,
    fromMs,
    toMs: fromMs + hourMs,
  };
  await postLines(world.app, plan, fromMs, [{ kind: 'vm', planId: plan.planId, ...slice }]);
}

const daysOf = async (world: World, plan: { readonly createdMs: number }) =>
  (await collect(world.app, { of: 'periods', planId: (await planOf(world, 's1')).planId })).map(({ row }) => [
    (row.startMs - plan.createdMs) / dayMs,
    (row.endMs - plan.createdMs) / dayMs,
    row.rates.microsPerHour,
  ]);

it('a tier with shorter periods counts from the end of the present one, whose hours it never prices again', async () => {
  const world = await makeWorld({ config: { tiers: [tier, weekly] } });
  const plan = await planOf(world, 's1');
  await hourPosted(world);
  await hourPosted(world);
  const before = ok(await planBill(world.app, world.account, thing, {}));
  expect(before.amountMicros).toBe(1_000_000);
  await world.clock.advanceTo(plan.createdMs + 17 * dayMs);
  ok(await patchPlan(world.app, world.account, thing, { tier: 'Weekly' }));
  await hourPosted(world);
  expect(ok(await planBill(world.app, world.account, thing, {})).amountMicros).toBe(2_000_000);
  expect(await daysOf(world, plan)).toEqual([[0, 30, 1_000_000]]);
  await world.clock.advanceTo(plan.createdMs + 31 * dayMs);
  await hourPosted(world);
  await hourPosted(world);
  expect(ok(await planBill(world.app, world.account, thing, {})).amountMicros).toBe(2_000_000);
  await world.clock.advanceTo(plan.createdMs + 37 * dayMs);
  await hourPosted(world);
  expect(await daysOf(world, plan)).toEqual([
    [0, 30, 1_000_000],
    [30, 37, 2_000_000],
    [37, 44, 2_000_000],
  ]);
});

it('a plan whose tier is configured no longer goes on with its last rates, and keeps nobody else waiting', async () => {
  const world = await makeWorld({ config: { tiers: [tier] } });
  const plan = await planOf(world, 's1');
  const without = makeApp({ ...world, config: { tiers: [weekly] }, seed: 2 });
  const later = { ...world, app: without };
  await world.clock.advance(40 * dayMs);
  const jobId = await started(later);
  await ticked(later);
  for (const vmId of await bootAll(later, classicPoolId)) await workOff(later, vmId);
  expect((await job(later, jobId))?.kind).toBe('finished');
  await ticked(later);
  expect((await daysOf(later, plan)).at(-1)).toEqual([30, 60, 1_000_000]);
  expect(ok(await planBill(without, world.account, thing, {})).periods[0]?.usage.transactions).toBe(1);
});

it('what jobs have used is posted by one run, and one plan that cannot be found keeps no other waiting', async () => {
  const world = await makeWorld();
  const { account: other } = await putAccount(world.app, 'cd'.repeat(16), { maxPools: 1, maxVmsPerPool: 1 });
  const plans = [
    (await planOf(world, 's1')).planId,
    ok(await putPlan(world.app, other, thing, 'S1')).plan.planId,
    'f'.repeat(32),
  ];
  const atMs = world.clock.now();
  for (let n = 0; n < 600; n += 1) {
    const jobId = `${classicTag}${String(n).padStart(20, '0')}`;
    const use = { poolId: classicPoolId, jobId, planId: plans[n % 3] ?? '', fromMs: atMs, toMs: atMs };
    const subscriptionId = n % 3 === 1 ? other.subscriptionId : world.account.subscriptionId;
    const job = {
      kind: 'cancelled',
      jobId,
      subscriptionId,
      serviceId: world.service.serviceId,
      poolId: classicPoolId,
      lane: world.service.serviceId,
      attempt: 1,
      losses: 0,
      registeredMs: atMs,
      startedMs: atMs,
      endMs: atMs,
      reason: 'the test',
    } as const;
    await world.app.store.commit([
      { do: 'create', kind: 'use', row: use },
      { do: 'create', kind: 'job', row: job },
    ]);
  }
  await expect(postUses(world.app)).rejects.toThrow('does not exist');
  const left = await collect(world.app, { of: 'uses', tag: classicTag });
  expect(left).toHaveLength(200);
  expect(left.every(({ row }) => row.planId === plans[2])).toBe(true);
  const bill = ok(await planBill(world.app, world.account, thing, {}));
  expect(bill.periods[0]?.usage.transactions).toBe(200);
});
