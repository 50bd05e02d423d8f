/** The bill of a plan over any time: whole periods from the ledger's balances, and what runs now. */
import type { Account } from '../core/account.ts';
import { lengthMs, usageOf, type Slice } from '../core/billing.ts';
import { classicTag, tagOf } from '../core/ids.ts';
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
import { periodFor } from './periods.ts';
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
  const present = periodAt(plan, nowMs);
  const fromMs = span.fromMs ?? present.startMs;
  const toMs = span.toMs ?? Math.max(present.endMs, fromMs);
  if (toMs < fromMs || toMs - fromMs > limits.billDaysMax * dayMs) {
    return badArgument(
      'InvalidQueryParameter',
      `from and to must lie in this order and at most ${limits.billDaysMax} days apart.`,
    );
  }
  await periodFor(app, plan, nowMs);
  // VM rows first, then the balances, then the lines: an hour that has a line is not counted live, so that what is posted
  // in between can only be missing, never there twice.
  const running = await liveSlicesOfPlan(app, plan);
  const touched = (await collect(app, { of: 'periods', planId: plan.planId }))
    .map((stored) => stored.row)
    .filter((period) => period.startMs < toMs && period.endMs > fromMs);
  const posted = await linesOfPools(app, plan, touched);
  const known = new Set(posted.map((line) => `${line.hourMs}|${line.vmId}`));
  const live = running.filter((slice) => !known.has(`${slice.hourMs}|${slice.vmId}`));
  const periods = touched.map((period) => billOf(period, live, posted));
  return {
    kind: 'bill',
    amountMicros: periods.reduce((sum, period) => sum + period.amountMicros, 0),
    periods,
  };
}

/** From pool to pool, and of each only the hours of these periods: of a ledger of years most lies elsewhere. */
async function linesOfPools(app: App, { planId }: Plan, periods: readonly Period[]): Promise<Slice[]> {
  const [first] = periods;
  const last = periods.at(-1);
  const found: Slice[] = [];
  if (first === undefined || last === undefined) return found;
  // Lines of classic jobs come first, and belong to no pool.
  let behindTag = classicTag;
  for (;;) {
    const [next] = (await app.store.list({ of: 'ledger', planId, behindTag }, { limit: 1 })).rows;
    if (next === undefined) return found;
    behindTag = tagOf(next.row.poolId);
    const hours = { tag: behindTag, fromHourMs: first.startMs, toHourMs: last.endMs };
    for await (const { row } of allRows(app, { of: 'lines', planId, ...hours }))
      if (row.kind === 'vm') found.push(row);
  }
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
