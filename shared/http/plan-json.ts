/** Commitment plans as Resource Manager clients read them (bes-contract.md, section 8). */
import { hourMs, type Plan, type Tier } from '../core/plan.ts';
import type { Quantities, UsageDay } from '../core/usage-history.ts';
import { isoTime } from './iso-time.ts';
import type { PlanReply, SkuReply, UsageDayReply } from './plan-replies.ts';
import { armId } from './service-json.ts';

type Included = PlanReply['properties']['includedQuantities'];

const computeMeter = 'StudioComputeHours';
const transactionMeter = 'StudioTransactions';

/** @param tiers as configured now; a plan whose tier is no longer among them shows no quantities */
export function planJson(plan: Plan, tiers: readonly Tier[]): PlanReply {
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
      refillFrequencyInDays: plan.cycles.at(-1)?.days ?? null,
      includedQuantities: tier === undefined ? {} : quantities(tier),
      minCapacityLimit: 1,
      maxCapacityLimit: 1,
    },
  };
}

function quantities(tier: Tier): Included {
  return {
    [computeMeter]: quantity(tier.includedComputeMs / hourMs, computeMeter),
    [transactionMeter]: quantity(tier.includedTransactions, transactionMeter),
  };
}

function quantity(allowance: number, meter: string): Included[string] {
  return { allowance, amount: allowance, includedQuantityMeter: meter, overageMeter: `${meter}Overage` };
}

/** Nothing is ever migrated between plans, and a plan that is deleted has no use left: both overages are nothing. */
export function usageDayJson(day: UsageDay): UsageDayReply {
  return {
    usageDate: isoTime(day.fromMs),
    usage: metersJson(day.used),
    planQuantitiesBeforeUsage: metersJson(day.before),
    planQuantitiesAfterUsage: metersJson(day.after),
    planUsageOverage: metersJson(day.overage),
    planMigrationOverage: {},
    planDeletionOverage: {},
  };
}

function metersJson({ computeMs, transactions }: Quantities): Record<string, number> {
  return { [computeMeter]: computeMs / hourMs, [transactionMeter]: transactions };
}

/** A tier as the list of SKUs has it, with what it includes and costs. */
export function skuJson(tier: Tier): SkuReply {
  return {
    resourceType: 'commitmentPlans',
    sku: { name: tier.name, tier: tier.name },
    locations: ['local'],
    capacity: { minimum: 1, maximum: 1, default: 1, scaleType: 'None' },
    capabilities: [
      { name: `included${computeMeter}`, value: String(tier.includedComputeMs / hourMs) },
      { name: `included${transactionMeter}`, value: String(tier.includedTransactions) },
      { name: 'refillFrequencyInDays', value: String(tier.refillDays) },
      { name: 'suspendPlanOnOverage', value: String(tier.suspendOnOverage) },
      { name: 'overageMicroUsdPerComputeHour', value: String(tier.microsPerHour) },
      { name: 'overageMicroUsdPer1000Transactions', value: String(tier.microsPer1000Transactions) },
    ],
    restrictions: [],
  };
}
