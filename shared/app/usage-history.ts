/** A plan's usage by day, as its ledger has it: what is posted, never what still runs. */
import type { Account } from '../core/account.ts';
import { limits } from '../core/limits.ts';
import type { Refused } from '../core/refusal.ts';
import { usageByDay, type UsageDay } from '../core/usage-history.ts';
import { collect } from './all-rows.ts';
import { getPlan, type NamedThing } from './plans.ts';
import type { App } from './ports.ts';

/** The newest `limits.usageDaysMax` days with any use, oldest first. */
export async function usageHistory(
  app: App,
  account: Account,
  thing: NamedThing,
): Promise<{ kind: 'history'; days: readonly UsageDay[] } | Refused> {
  const found = await getPlan(app, account, thing);
  if (found.kind === 'refused') return found;
  const { planId } = found.plan;
  // Lines first: the period of a line is there before it.
  const lines = await collect(app, { of: 'ledger', planId });
  const periods = await collect(app, { of: 'periods', planId });
  const days = usageByDay(
    periods.map((stored) => stored.row),
    lines.map((stored) => stored.row),
  );
  return { kind: 'history', days: days.slice(-limits.usageDaysMax) };
}
