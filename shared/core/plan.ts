/** Commitment plans: included quantities, 30-day periods, overage at fixed rates. Integers only. Pure. */
import type { PlanId, SubscriptionId } from './ids.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** Free, limited, and one per subscription (bes-contract.md, section 7). */
export const devTestTier = 'DevTest';

/** What a tier includes per period, and what more of it costs. Configuration, not code (settings). */
export type Tier = {
  readonly name: string;
  readonly includedComputeMs: number;
  readonly includedTransactions: number;
  /** Micro-USD for one compute hour beyond the included ones. */
  readonly microsPerHour: number;
  /** Micro-USD for 1,000 transactions beyond the included ones. */
  readonly microsPer1000Transactions: number;
  readonly refillDays: number;
  readonly suspendOnOverage: boolean;
};

/** From `fromMs` on, a period's end, periods are so many days long. */
export type Cycle = { readonly fromMs: number; readonly days: number };

export type Plan = {
  readonly planId: PlanId;
  readonly subscriptionId: SubscriptionId;
  readonly group: string;
  readonly name: string;
  readonly tier: string;
  readonly createdMs: number;
  /**
   * By time, never empty; the first begins with the whole UTC hour of the plan's creation. A tier with periods of another
   * length begins a new one where the present period ends: periods never overlap.
   */
  readonly cycles: readonly Cycle[];
  readonly tags?: Readonly<Record<string, string>>;
  /** Deleted since: its name is free again, and whatever was still under way finds a plan to post to. */
  readonly goneMs?: number;
};

/** Balance of one period, with the rates in force when it began: a changed setting never re-prices. */
export type Period = {
  readonly planId: PlanId;
  readonly startMs: number;
  readonly endMs: number;
  readonly rates: Rates;
  readonly usage: Usage;
};

/** Integer milliseconds and counts. `classic` is the part that classic jobs used. */
export type Usage = {
  readonly poolMs: number;
  readonly classicMs: number;
  readonly transactions: number;
};

export const noUsage: Usage = { poolMs: 0, classicMs: 0, transactions: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    poolMs: a.poolMs + b.poolMs,
    classicMs: a.classicMs + b.classicMs,
    transactions: a.transactions + b.transactions,
  };
}

/** The period that contains an instant; instants before the first cycle belong to the first period. */
export function periodAt({ cycles }: Plan, atMs: number): { startMs: number; endMs: number } {
  const { fromMs, days } = cycleAt(cycles, atMs);
  const lengthMs = days * dayMs;
  const startMs = fromMs + Math.max(0, Math.floor((atMs - fromMs) / lengthMs)) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}

/** The cycles of a plan whose tier has periods of so many days from `fromMs` on, where a period ends. */
export function recycled(cycles: readonly Cycle[], days: number, fromMs: number): readonly Cycle[] {
  const begun = cycles.filter((cycle) => cycle.fromMs < fromMs);
  return begun.at(-1)?.days === days ? begun : [...begun, { fromMs, days }];
}

function cycleAt(cycles: readonly Cycle[], atMs: number): Cycle {
  const cycle = cycles.findLast(({ fromMs }) => fromMs <= atMs) ?? cycles[0];
  if (cycle === undefined) throw new Error('a plan has no cycle');
  return cycle;
}

export type Rates = Omit<Tier, 'name' | 'refillDays'>;

export function ratesOf({ name: _, refillDays: __, ...rates }: Tier): Rates {
  return rates;
}

export function openPeriod(plan: Plan, rates: Rates, atMs: number): Period {
  return { planId: plan.planId, ...periodAt(plan, atMs), rates, usage: noUsage };
}

export type Overage = { readonly computeMs: number; readonly transactions: number };

export function overageOf(period: Period, usage: Usage): Overage {
  return {
    computeMs: Math.max(0, usage.poolMs + usage.classicMs - period.rates.includedComputeMs),
    transactions: Math.max(0, usage.transactions - period.rates.includedTransactions),
  };
}

/**
 * A plan whose tier suspends on overage stops when what is included is used up: nothing new starts, running jobs finish,
 * the pools that bill to it drain to 0, until the next period begins or another plan pays.
 */
export function isUsedUp({ rates }: Period, usage: Usage): boolean {
  if (!rates.suspendOnOverage) return false;
  const computeMs = usage.poolMs + usage.classicMs;
  return computeMs >= rates.includedComputeMs || usage.transactions >= rates.includedTransactions;
}

/** Micro-USD, rounded once per period and meter (half up), from the period's totals and its rates. */
export function amountMicros(period: Period, usage: Usage): number {
  const over = overageOf(period, usage);
  return (
    timesOver(over.computeMs, period.rates.microsPerHour, hourMs) +
    timesOver(over.transactions, period.rates.microsPer1000Transactions, 1_000)
  );
}

/** Exact a * b / c, half up; BigInt since ms times micro-USD leaves the safe integers after some years. */
function timesOver(a: number, b: number, c: number): number {
  const doubled = BigInt(a) * BigInt(b) * 2n + BigInt(c);
  return Number(doubled / (BigInt(c) * 2n));
}
