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

export type Plan = {
  readonly planId: PlanId;
  readonly subscriptionId: SubscriptionId;
  readonly group: string;
  readonly name: string;
  readonly tier: string;
  readonly createdMs: number;
  /** The whole UTC hour of the plan's creation: periods are counted from it. */
  readonly anchorMs: number;
  readonly tags?: Readonly<Record<string, string>>;
  /** Deleted since: its name is free again, and whatever was still under way finds a plan to post to. */
  readonly goneMs?: number;
};

/** Balance of one period, with the rates in force when it began: a changed setting never re-prices. */
export type Period = {
  readonly planId: PlanId;
  readonly startMs: number;
  readonly endMs: number;
  readonly rates: Omit<Tier, 'name' | 'refillDays'>;
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

/** The period that contains an instant; instants before the anchor belong to the first. */
export function periodAt(plan: Plan, tier: Tier, atMs: number): { startMs: number; endMs: number } {
  const lengthMs = tier.refillDays * dayMs;
  const index = Math.max(0, Math.floor((atMs - plan.anchorMs) / lengthMs));
  const startMs = plan.anchorMs + index * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}

export function openPeriod(plan: Plan, tier: Tier, atMs: number): Period {
  const { name: _, refillDays: __, ...rates } = tier;
  return { planId: plan.planId, ...periodAt(plan, tier, atMs), rates, usage: noUsage };
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
