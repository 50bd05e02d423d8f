/** Commitment plans as Resource Manager clients read them (bes-contract.md, section 8). */
import { hourMs, type Plan, type Tier } from '../core/plan.ts';
import { isoTime } from './iso-time.ts';
import { armId } from './service-json.ts';

const computeMeter = 'StudioComputeHours';
const transactionMeter = 'StudioTransactions';

/** @param tiers as configured now; a plan whose tier is no longer among them shows no quantities */
export function planJson(plan: Plan, tiers: readonly Tier[]): object {
  const tier = tiers.find((one) => one.name === plan.tier);
  return {
    id: armId('commitmentPlans', plan),
    name: plan.name,
    type: 'Microsoft.MachineLearning/commitmentPlans',
    location: 'local',
    tags: plan.tags ?? {},
    sku: { name: plan.tier, tier: plan.tier, capacity: 1 },
    properties: {
      commitmentPlanId: plan.planId,
      creationDate: isoTime(plan.createdMs),
      chargeForPlan: false,
      chargeForOverage: tier !== undefined && !tier.suspendOnOverage,
      suspendPlanOnOverage: tier?.suspendOnOverage ?? false,
      refillFrequencyInDays: tier?.refillDays ?? null,
      includedQuantities: tier === undefined ? {} : quantities(tier),
      minCapacityLimit: 1,
      maxCapacityLimit: 1,
    },
  };
}

function quantities(tier: Tier): object {
  return {
    [computeMeter]: quantity(tier.includedComputeMs / hourMs, computeMeter),
    [transactionMeter]: quantity(tier.includedTransactions, transactionMeter),
  };
}

function quantity(allowance: number, meter: string): object {
  return { allowance, amount: allowance, includedQuantityMeter: meter, overageMeter: `${meter}Overage` };
}
