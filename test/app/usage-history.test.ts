/** Bills and usage history of random ledgers, against sums made in the plainest way. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { planBill } from '../../shared/app/bill.ts';
import { postLines } from '../../shared/app/post-lines.ts';
import { usageHistory } from '../../shared/app/usage-history.ts';
import { hourOf, type Line } from '../../shared/core/billing.ts';
import { dayMs, hourMs, type Plan, type Tier } from '../../shared/core/plan.ts';
import { planOf } from './classic-world.ts';
import { makeWorld, ok, type World } from './world.ts';

const tier: Tier = {
  name: 'S1',
  includedComputeMs: 2 * hourMs + 7,
  includedTransactions: 3,
  microsPerHour: 2_000_001,
  microsPer1000Transactions: 500_001,
  refillDays: 3,
  suspendOnOverage: false,
};
const thing = { group: 'rg', name: 's1' };
const spanMs = 20 * dayMs;
const periodMs = tier.refillDays * dayMs;

/** Relative to the plan's first hour. `kind`: of the line; a classic job may have begun days before its end. */
const use = fc.record({
  kind: fc.constantFrom('vm', 'classic'),
  atMs: fc.integer({ min: 0, max: spanMs - hourMs }),
  lengthMs: fc.integer({ min: 1, max: hourMs }),
  pool: fc.integer({ min: 0, max: 2 }),
});
type Use = typeof use extends fc.Arbitrary<infer T> ? T : never;

function lineOf({ kind, atMs, lengthMs, pool }: Use, index: number, planId: string, startMs: number): Line {
  const subject = String(index).padStart(32, '0');
  // That of all zeros is the classic queue.
  const poolId = String(pool + 1).repeat(32);
  const fromMs = startMs + atMs;
  if (kind === 'classic') {
    const toMs = fromMs + lengthMs;
    return { kind: 'classic', planId, poolId, jobId: subject, hourMs: hourOf(toMs), fromMs, toMs };
  }
  const toMs = Math.min(fromMs + lengthMs, hourOf(fromMs) + hourMs);
  return { kind: 'vm', planId, poolId, vmId: subject, hourMs: hourOf(fromMs), fromMs, toMs };
}

const anchorOf = ({ cycles }: Plan) => cycles[0]?.fromMs ?? 0;

/** Where a line counts: VM time where it begins, a classic job where it ends. */
const countsAt = (line: Line) => (line.kind === 'vm' ? line.fromMs : line.toMs);
const lengthOf = (line: Line) => line.toMs - line.fromMs;
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const halfUp = (a: number, b: number, c: number) =>
  Number((2n * BigInt(a) * BigInt(b) + BigInt(c)) / (2n * BigInt(c)));

async function worldWith(uses: readonly Use[]): Promise<{ world: World; lines: Line[]; startMs: number }> {
  const world = await makeWorld({ config: { tiers: [tier] } });
  const plan = await planOf(world, 's1');
  const startMs = anchorOf(plan);
  const lines = uses.map((one, index) => lineOf(one, index, plan.planId, startMs));
  for (const line of lines) {
    const period = startMs + Math.floor((countsAt(line) - startMs) / periodMs) * periodMs;
    await postLines(world.app, plan, period, [line]);
  }
  await world.clock.advanceTo(startMs + spanMs);
  return { world, lines, startMs };
}

/** Also the very beginnings of periods. */
const instant = fc.oneof(
  fc.nat(spanMs + 5 * dayMs),
  fc.nat(8).map((index) => index * periodMs),
);

test('a bill over any time has the periods that it touches, with exactly what their lines say', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(use, { maxLength: 30 }), instant, instant, async (uses, a, b) => {
      const { world, lines, startMs } = await worldWith(uses);
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const span = { fromMs: startMs + from, toMs: startMs + to };
      const bill = ok(await planBill(world.app, world.account, thing, span));
      const expected = [];
      for (let begin = startMs; begin <= world.clock.now(); begin += periodMs) {
        const end = begin + periodMs;
        const inside = lines.filter((line) => countsAt(line) >= begin && countsAt(line) < end);
        const isKept = begin === startMs || end > world.clock.now() || inside.length > 0;
        if (!isKept || begin >= span.toMs || end <= span.fromMs) continue;
        const [vm, classic] = [
          inside.filter((l) => l.kind === 'vm'),
          inside.filter((l) => l.kind === 'classic'),
        ];
        const overMs = Math.max(0, sum(inside.map(lengthOf)) - tier.includedComputeMs);
        const overCount = Math.max(0, classic.length - tier.includedTransactions);
        const micros =
          halfUp(overMs, tier.microsPerHour, hourMs) +
          halfUp(overCount, tier.microsPer1000Transactions, 1_000);
        const pools = new Map<string, number>();
        for (const line of vm) pools.set(line.poolId, (pools.get(line.poolId) ?? 0) + lengthOf(line));
        expected.push({
          startMs: begin,
          usage: {
            poolMs: sum(vm.map(lengthOf)),
            classicMs: sum(classic.map(lengthOf)),
            transactions: classic.length,
          },
          overage: { computeMs: overMs, transactions: overCount },
          amountMicros: micros,
          pools: Object.fromEntries(pools),
        });
      }
      const found = bill.periods.map(({ period, pools, ...one }) => ({
        startMs: period.startMs,
        ...one,
        pools: Object.fromEntries(pools.map(({ poolId, computeMs }) => [poolId, computeMs])),
      }));
      expect(found).toEqual(expected);
      expect(bill.amountMicros).toBe(sum(expected.map((one) => one.amountMicros)));
    }),
    { numRuns: 60, seed: 7 },
  );
});

test('the history has every line on its day, and its balances run through each period', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(use, { maxLength: 40 }), async (uses) => {
      const { world, lines, startMs } = await worldWith(uses);
      const { days } = ok(await usageHistory(world.app, world.account, thing));
      expect(days.map((day) => day.fromMs)).toEqual(
        [...new Set(days.map((day) => day.fromMs))].toSorted((a, b) => a - b),
      );
      const byDay = new Map<number, number[]>();
      for (const line of lines) {
        const day = Math.floor(countsAt(line) / dayMs);
        const [ms = 0, count = 0] = byDay.get(day) ?? [];
        byDay.set(day, [ms + lengthOf(line), count + (line.kind === 'classic' ? 1 : 0)]);
      }
      const found = new Map(
        days.map(({ fromMs, used }) => [Math.floor(fromMs / dayMs), [used.computeMs, used.transactions]]),
      );
      expect(found).toEqual(byDay);
      const included = { computeMs: tier.includedComputeMs, transactions: tier.includedTransactions };
      const periodOf = (atMs: number) => Math.floor((atMs - startMs) / periodMs);
      const bill = ok(await planBill(world.app, world.account, thing, { fromMs: startMs }));
      for (const [index, day] of days.entries()) {
        const last = days[index - 1];
        const isFirst = last === undefined || periodOf(last.fromMs) !== periodOf(day.fromMs);
        expect(day.before).toEqual(isFirst ? included : last.after);
        for (const meter of ['computeMs', 'transactions'] as const) {
          expect(day.overage[meter]).toBe(day.used[meter] - (day.before[meter] - day.after[meter]));
          expect(Math.min(day.overage[meter], day.after[meter])).toBe(0);
        }
      }
      const over = bill.periods.map((one) => one.overage.computeMs);
      expect(sum(days.map((day) => day.overage.computeMs))).toBe(sum(over));
    }),
    { numRuns: 60, seed: 11 },
  );
});

test('a day in which a period ends counts twice: before and after', async () => {
  const world = await makeWorld({ config: { tiers: [tier] } });
  await world.clock.advance(5 * hourMs);
  const plan = await planOf(world, 'late');
  const endMs = anchorOf(plan) + periodMs;
  for (const [index, fromMs] of [endMs - hourMs, endMs].entries()) {
    const line = lineOf(
      { kind: 'vm', atMs: fromMs - anchorOf(plan), lengthMs: 1_000, pool: 0 },
      index,
      plan.planId,
      anchorOf(plan),
    );
    await postLines(world.app, plan, fromMs < endMs ? anchorOf(plan) : endMs, [line]);
  }
  const { days } = ok(await usageHistory(world.app, world.account, { group: 'rg', name: 'late' }));
  const midnight = Math.floor(endMs / dayMs) * dayMs;
  expect(days.map(({ fromMs, used }) => [fromMs, used.computeMs])).toEqual([
    [midnight, 1_000],
    [endMs, 1_000],
  ]);
  expect(days[1]?.before.computeMs).toBe(tier.includedComputeMs);
});
