/** The present period of the plan that a pool bills to, for the pool's usage. */
import { planBill, type PeriodBill } from '../app/bill.ts';
import { findPlan } from '../app/plans.ts';
import type { App } from '../app/ports.ts';
import type { Account } from '../core/account.ts';

/** Undefined when the plan is no longer there. */
export async function presentBill(
  app: App,
  account: Account,
  planId: string | undefined,
): Promise<PeriodBill | undefined> {
  if (planId === undefined) return undefined;
  const plan = await findPlan(app, account.subscriptionId, planId);
  const bill = plan === undefined ? undefined : await planBill(app, account, plan, {});
  return bill?.kind === 'bill' ? bill.periods.at(-1) : undefined;
}
