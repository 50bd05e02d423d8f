/** A plan's periods: each has its row, made with the plan or at its first use, with the rates then in force. */
import { openPeriod, periodAt, ratesOf, type Plan, type Rates } from '../core/plan.ts';
import { collect } from './all-rows.ts';
import type { App, Stored } from './ports.ts';

/** The period that contains `atMs`; made when it is missing, by whoever comes first. */
export async function periodFor(app: App, plan: Plan, atMs: number): Promise<Stored<'period'>> {
  const { planId } = plan;
  const key = { planId, startMs: periodAt(plan, atMs).startMs };
  const known = await app.store.get('period', key);
  if (known !== undefined) return known;
  const row = openPeriod(plan, await ratesFor(app, plan), atMs);
  await app.store.commit([{ do: 'create', kind: 'period', row }]);
  const made = await app.store.get('period', key);
  if (made === undefined) throw new Error(`the period ${key.startMs} of plan ${planId} could not be made`);
  return made;
}

/** Those of its tier; a plan whose tier is no longer configured goes on with the last that it had. */
async function ratesFor(app: App, plan: Plan): Promise<Rates> {
  const tier = app.config.tiers.find((one) => one.name === plan.tier);
  if (tier !== undefined) return ratesOf(tier);
  const last = (await collect(app, { of: 'periods', planId: plan.planId })).at(-1);
  if (last === undefined) throw new Error(`the plan tier ${plan.tier} is no longer configured`);
  return last.row.rates;
}
