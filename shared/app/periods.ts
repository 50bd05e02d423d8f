/** A plan's periods: each has its row, made with the plan or at its first use, with the rates then in force. */
import { openPeriod, type Plan, type Tier } from '../core/plan.ts';
import type { App, Stored } from './ports.ts';

export function tierOf(app: App, plan: Plan): Tier {
  const tier = app.config.tiers.find((one) => one.name === plan.tier);
  if (tier === undefined) throw new Error(`the plan tier ${plan.tier} is no longer configured`);
  return tier;
}

/** The period that contains `atMs`; made when it is missing, by whoever comes first. */
export async function periodFor(app: App, plan: Plan, atMs: number): Promise<Stored<'period'>> {
  const period = openPeriod(plan, tierOf(app, plan), atMs);
  const key = { planId: plan.planId, startMs: period.startMs };
  const known = await app.store.get('period', key);
  if (known !== undefined) return known;
  await app.store.commit([{ do: 'create', kind: 'period', row: period }]);
  const made = await app.store.get('period', key);
  if (made === undefined)
    throw new Error(`the period ${period.startMs} of plan ${plan.planId} could not be made`);
  return made;
}
