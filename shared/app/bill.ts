/** The bill of a plan over any time: whole periods from the ledger's balances, and what runs now. */
import type { Account } from '../core/account.ts';
import { lengthMs, usageOf, type Slice } from '../core/billing.ts';
import { limits } from '../core/limits.ts';
import {
  addUsage,
  amountMicros,
  dayMs,
  noUsage,
  overageOf,
  periodAt,
  type Overage,
  type Period,
  type Plan,
  type Usage,
} from '../core/plan.ts';
import { badArgument, type Refused } from '../core/refusal.ts';
import { allRows, collect } from './all-rows.ts';
import { periodFor, tierOf } from './periods.ts';
import { getPlan, type NamedThing } from './plans.ts';
import { liveSlicesOfPlan } from './pool-usage.ts';
import type { App } from './ports.ts';

export type PeriodBill = {
  readonly period: Period;
  /** Posted, plus what runs now. */
  readonly usage: Usage;
  readonly overage: Overage;
  readonly amountMicros: number;
  readonly pools: readonly { readonly poolId: string; readonly computeMs: number }[];
};
export type Bill = {
  readonly kind: 'bill';
  readonly amountMicros: number;
  readonly periods: readonly PeriodBill[];
};

/** Every period that [fromMs, toMs) touches, each as a whole; default the present one. */
export async function planBill(
  app: App,
  account: Account,
  thing: NamedThing,
  span: { readonly fromMs?: number; readonly toMs?: number },
): Promise<Bill | Refused> {
  const found = await getPlan(app, account, thing);
  if (found.kind === 'refused') return found;
  const { plan } = found;
  const nowMs = app.clock.now();
  const present = periodAt(plan, tierOf(app, plan), nowMs);
  const fromMs = span.fromMs ?? present.startMs;
  const toMs = span.toMs ?? Math.max(present.endMs, fromMs);
  if (toMs < fromMs || toMs - fromMs > limits.billDaysMax * dayMs) {
    return badArgument(
      'InvalidQueryParameter',
      `from and to must lie in this order and at most ${limits.billDaysMax} days apart.`,
    );
  }
  await periodFor(app, plan, nowMs);
  const { live, posted } = await usageOfPlan(app, plan);
  const rows = await collect(app, { of: 'periods', planId: plan.planId });
  const touched = rows
    .map((stored) => stored.row)
    .filter((period) => period.startMs < toMs && period.endMs > fromMs);
  const periods = touched.map((period) => billOf(period, live, posted));
  return {
    kind: 'bill',
    amountMicros: periods.reduce((sum, period) => sum + period.amountMicros, 0),
    periods,
  };
}

/** VM rows first, then lines: an hour that has a line is never counted live. */
export async function usageOfPlan(app: App, plan: Plan): Promise<{ live: Slice[]; posted: Slice[] }> {
  const live = await liveSlicesOfPlan(app, plan);
  const posted: Slice[] = [];
  for await (const { row } of allRows(app, { of: 'ledger', planId: plan.planId }))
    if (row.kind === 'vm') posted.push(row);
  const known = new Set(posted.map((line) => `${line.hourMs}|${line.vmId}`));
  return { live: live.filter((slice) => !known.has(`${slice.hourMs}|${slice.vmId}`)), posted };
}

function billOf(period: Period, live: readonly Slice[], posted: readonly Slice[]): PeriodBill {
  const inside = (slice: Slice) => slice.fromMs >= period.startMs && slice.fromMs < period.endMs;
  const running = live
    .filter(inside)
    .map((slice) => usageOf({ kind: 'vm', planId: period.planId, ...slice }));
  const usage = running.reduce(addUsage, addUsage(noUsage, period.usage));
  const pools = new Map<string, number>();
  for (const slice of [...posted, ...live].filter(inside)) {
    pools.set(slice.poolId, (pools.get(slice.poolId) ?? 0) + lengthMs(slice));
  }
  return {
    period,
    usage,
    overage: overageOf(period, usage),
    amountMicros: amountMicros(period, usage),
    pools: [...pools].map(([poolId, computeMs]) => ({ poolId, computeMs })),
  };
}
