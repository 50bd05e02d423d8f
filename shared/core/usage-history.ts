/** What a plan's ledger says day by day: used, included before and after, and what went beyond. Pure. */
import { usageOf, type Line } from './billing.ts';
import { addUsage, dayMs, noUsage, type Overage, type Period, type Usage } from './plan.ts';

/** Integer milliseconds and counts. */
export type Quantities = Overage;

/** A UTC day of one period; a day in which a period ends gives two. */
export type UsageDay = {
  /** The day's first instant, or the period's where that lies later. */
  readonly fromMs: number;
  readonly used: Quantities;
  /** What was left of the included quantities. */
  readonly before: Quantities;
  readonly after: Quantities;
  /** The part of `used` beyond the included quantities. */
  readonly overage: Quantities;
};

/**
 * Oldest first; days without use are left out.
 * @param periods of one plan, any order
 * @param lines of the same plan, any order
 */
export function usageByDay(periods: readonly Period[], lines: readonly Line[]): UsageDay[] {
  const inOrder = periods.toSorted((a, b) => a.startMs - b.startMs);
  const days = new Map<Period, Map<number, Usage>>(inOrder.map((period) => [period, new Map()]));
  for (const line of lines) {
    const atMs = postedAtMs(line);
    const period = inOrder.findLast(({ startMs }) => startMs <= atMs) ?? inOrder[0];
    const ofPeriod = period === undefined ? undefined : days.get(period);
    if (period === undefined || ofPeriod === undefined) throw new Error('a ledger without any period');
    const fromMs = Math.max(Math.floor(atMs / dayMs) * dayMs, period.startMs);
    ofPeriod.set(fromMs, addUsage(ofPeriod.get(fromMs) ?? noUsage, usageOf(line)));
  }
  return [...days].flatMap(([period, ofPeriod]) => runningDays(period, ofPeriod));
}

function runningDays({ rates }: Period, days: ReadonlyMap<number, Usage>): UsageDay[] {
  let left: Quantities = { computeMs: rates.includedComputeMs, transactions: rates.includedTransactions };
  return [...days]
    .sort(([a], [b]) => a - b)
    .map(([fromMs, usage]) => {
      const used = { computeMs: usage.poolMs + usage.classicMs, transactions: usage.transactions };
      const before = left;
      left = both(before, used, (had, took) => Math.max(0, had - took));
      const overage = both(before, used, (had, took) => Math.max(0, took - had));
      return { fromMs, used, before, after: left, overage };
    });
}

/** The instant that decides the period of a line when it is posted. */
function postedAtMs(line: Line): number {
  return line.kind === 'vm' ? line.fromMs : line.toMs;
}

function both(a: Quantities, b: Quantities, make: (a: number, b: number) => number): Quantities {
  return {
    computeMs: make(a.computeMs, b.computeMs),
    transactions: make(a.transactions, b.transactions),
  };
}
