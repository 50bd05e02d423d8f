/** Why a plan pays for nothing new just now: its tier suspends on overage, and what it includes is used up. */
import { usageOf, type Line, type Slice } from '../core/billing.ts';
import type { PlanId, SubscriptionId } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { addUsage, isUsedUp, type Period, type Plan, type Usage } from '../core/plan.ts';
import { periodFor } from './periods.ts';
import { liveSlicesOfPlan } from './pool-usage.ts';
import type { App } from './ports.ts';

/** `2030-01-31 09:00`. Costly to make. */
const minute = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone: 'UTC' });

/**
 * The sentence that pools and jobs show while they are held; undefined when the plan pays. Remembered for
 * `limits.planHoldMs`, so that it is found out at most that much late; classic jobs count from the tick on that posts them.
 */
export function planHold(
  app: App,
  subscriptionId: SubscriptionId,
  planId: PlanId,
): Promise<string | undefined> {
  if (app.memory.isNoted(paying(planId))) return Promise.resolve(undefined);
  return app.memory.recall(`hold|${planId}`, limits.planHoldMs, () =>
    lookForHold(app, subscriptionId, planId),
  );
}

/** What is noted of a plan that cannot be used up before its period ends. */
function paying(planId: PlanId): string {
  return `pays|${planId}`;
}

async function lookForHold(
  app: App,
  subscriptionId: SubscriptionId,
  planId: PlanId,
): Promise<string | undefined> {
  const plan = (await app.store.get('plan', { subscriptionId, planId }))?.row;
  if (plan === undefined) return undefined;
  // Fixed with the period: most plans never suspend, and nothing else need be read of them until the next one.
  const { rates, endMs } = (await periodFor(app, plan, app.clock.now())).row;
  if (!rates.suspendOnOverage) {
    app.memory.note(paying(planId), endMs - app.clock.now());
    return undefined;
  }
  // VM rows first, then the balance, then the lines: a posting in between can only make it less, never twice.
  const live = await liveSlicesOfPlan(app, plan);
  const period = (await periodFor(app, plan, app.clock.now())).row;
  const usage = (await unposted(app, plan, period, live)).reduce(addUsage, period.usage);
  if (!isUsedUp(period, usage)) return undefined;
  return `The plan "${plan.name}" (${plan.tier}) is used up and suspends on overage: nothing new starts until its next period begins (${minute.format(period.endMs)} UTC) or another plan pays.`;
}

/** What runs in this period and has no line yet. */
async function unposted(
  app: App,
  { planId }: Plan,
  period: Period,
  live: readonly Slice[],
): Promise<Usage[]> {
  const inside = live.filter((slice) => slice.fromMs >= period.startMs && slice.fromMs < period.endMs);
  const lines = inside.map((slice): Line => ({ kind: 'vm', planId, ...slice }));
  const there = await Promise.all(lines.map((line) => app.store.get('line', line)));
  return lines.filter((_, index) => there[index] === undefined).map(usageOf);
}
