import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goneOf, isSettled, lengthMs, postable, unposted } from '../../shared/core/billing.ts';
import {
  amountMicros,
  hourMs,
  openPeriod,
  overageOf,
  periodAt,
  ratesOf,
  recycled,
  type Plan,
  type Tier,
} from '../../shared/core/plan.ts';
import { beat, leave, lose, posted, provision, type Stopped } from '../../shared/core/vm.ts';
import { idleVm, poolId, t0, vmIdOf } from './vms.ts';

const sum = (slices: readonly { fromMs: number; toMs: number }[]) =>
  slices.reduce((all, slice) => all + lengthMs(slice), 0);

describe('posting', () => {
  it('posts an hour only when the VM itself has been seen at or after its end', () => {
    const vm = idleVm(1, t0 + 600_000);
    expect(postable(beat(vm, t0 + hourMs - 1), 98)).toEqual([]);
    expect(postable(beat(vm, t0 + hourMs), 98)).toEqual([
      { vmId: vm.vmId, poolId, hourMs: t0, fromMs: t0 + 600_000, toMs: t0 + hourMs },
    ]);
  });

  it('posts a stopped VM to its end at once', () => {
    const vm = leave(idleVm(1, t0 + 600_000), t0 + 90 * 60_000);
    expect(postable(vm, 98).map((slice) => [slice.hourMs, lengthMs(slice)])).toEqual([
      [t0, 50 * 60_000],
      [t0 + hourMs, 30 * 60_000],
    ]);
  });

  it('goes on from what is posted', () => {
    const vm = posted(beat(idleVm(1), t0 + 2 * hourMs + 5), t0 + hourMs);
    expect(postable(vm, 98).map((slice) => slice.hourMs)).toEqual([t0 + hourMs]);
    expect(unposted(vm).map(lengthMs)).toEqual([hourMs, 5]);
  });

  it('never posts what never ran', () => {
    const vm = lose(provision(vmIdOf(1), poolId, t0), 'never came', t0 + hourMs * 5);
    expect(postable(vm, 98)).toEqual([]);
    expect(isSettled(vm)).toBe(true);
    expect(goneOf(vm)).not.toHaveProperty('readyMs');
  });

  it('sums to the lifetime, whatever the hours and however it is taken in parts', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: hourMs }),
        fc.integer({ min: 0, max: 300 * hourMs }),
        fc.integer({ min: 1, max: 98 }),
        (offset, life, max) => {
          let vm: Stopped = leave(idleVm(1, t0 + offset), t0 + offset + life);
          let total = 0;
          for (let rounds = 0; !isSettled(vm) && rounds < 400; rounds += 1) {
            const slices = postable(vm, max);
            total += sum(slices);
            expect(
              slices.every((slice) => slice.fromMs >= slice.hourMs && slice.toMs <= slice.hourMs + hourMs),
            ).toBe(true);
            vm = posted(vm, slices.at(-1)?.toMs ?? vm.atMs);
          }
          expect(total).toBe(life);
        },
      ),
    );
  });
});

const s1: Tier = {
  name: 'S1',
  includedComputeMs: 0,
  includedTransactions: 0,
  microsPerHour: 2_000_000,
  microsPer1000Transactions: 500_000,
  refillDays: 30,
  suspendOnOverage: false,
};
const plan: Plan = {
  planId: 'c'.repeat(32),
  subscriptionId: 'd'.repeat(32),
  group: 'rg',
  name: 's1',
  tier: 'S1',
  createdMs: t0 + 5,
  cycles: [{ fromMs: t0, days: 30 }],
};

describe('a period', () => {
  it('is 30 days long and begins on the whole hour of the creation', () => {
    expect(periodAt(plan, t0 + 30 * 24 * hourMs - 1)).toEqual({ startMs: t0, endMs: t0 + 720 * hourMs });
    expect(periodAt(plan, t0 + 30 * 24 * hourMs).startMs).toBe(t0 + 720 * hourMs);
  });

  it('never overlaps another one, however tiers with other lengths follow one another', () => {
    const change = fc.record({
      afterHours: fc.integer({ min: 0, max: 2_000 }),
      days: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
        let nowMs = t0;
        let now = plan;
        const seen = new Map<number, number>();
        const see = (untilMs: number) => {
          for (; nowMs < untilMs; nowMs += 12 * hourMs) {
            const { startMs, endMs } = periodAt(now, nowMs);
            expect(seen.get(startMs) ?? endMs).toBe(endMs);
            seen.set(startMs, endMs);
          }
        };
        for (const { afterHours, days } of changes) {
          see(nowMs + afterHours * hourMs);
          now = { ...now, cycles: recycled(now.cycles, days, periodAt(now, nowMs).endMs) };
        }
        see(nowMs + 2_000 * hourMs);
        const spans = [...seen].sort(([a], [b]) => a - b);
        for (const [index, [, endMs]] of spans.entries()) expect(spans[index + 1]?.[0] ?? endMs).toBe(endMs);
      }),
    );
  });

  it('prices the published example at 621.55 USD: 3,100 classic jobs of 360 s', () => {
    const period = openPeriod(plan, ratesOf(s1), t0);
    const usage = { poolMs: 0, classicMs: 3_100 * 360_000, transactions: 3_100 };
    expect(amountMicros(period, usage)).toBe(621_550_000);
  });

  it('charges only what lies over the included quantities', () => {
    const period = openPeriod(
      plan,
      ratesOf({ ...s1, includedComputeMs: 25 * hourMs, includedTransactions: 100 }),
      t0,
    );
    expect(overageOf(period, { poolMs: 24 * hourMs, classicMs: 0, transactions: 100 })).toEqual({
      computeMs: 0,
      transactions: 0,
    });
    const usage = { poolMs: 20 * hourMs, classicMs: 6 * hourMs, transactions: 101 };
    expect(overageOf(period, usage)).toEqual({ computeMs: hourMs, transactions: 1 });
    expect(amountMicros(period, usage)).toBe(2_000_500);
  });

  it('rounds once per meter, half up, and stays exact where ms times micro-USD is no safe integer', () => {
    const period = openPeriod(plan, ratesOf({ ...s1, microsPerHour: 1 }), t0);
    expect(amountMicros(period, { poolMs: hourMs / 2, classicMs: 0, transactions: 0 })).toBe(1);
    expect(amountMicros(period, { poolMs: hourMs / 2 - 1, classicMs: 0, transactions: 0 })).toBe(0);
    const years = openPeriod(plan, ratesOf(s1), t0);
    expect(amountMicros(years, { poolMs: 9_000_000 * hourMs + 1, classicMs: 0, transactions: 0 })).toBe(
      18_000_000_000_001,
    );
  });
});
