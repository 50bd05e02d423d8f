/** What the calls about commitment plans answer (bes-contract.md, section 8). */
import { z } from 'zod';
import { count, id, listOf, shape, time } from './reply-schemas.ts';

const byMeter = z.record(z.string(), z.number());

const quantity = z.strictObject({
  allowance: z.number(),
  amount: z.number(),
  includedQuantityMeter: z.string(),
  overageMeter: z.string(),
});

export const planReply = shape('CommitmentPlan', 'A commitment plan.', {
  id: z.string(),
  name: z.string(),
  type: z.literal('Microsoft.MachineLearning/commitmentPlans'),
  location: z.string(),
  tags: z.record(z.string(), z.string()),
  sku: z.strictObject({ name: z.string(), tier: z.string(), capacity: count }),
  properties: z.strictObject({
    commitmentPlanId: id,
    creationDate: time,
    chargeForPlan: z.boolean(),
    chargeForOverage: z.boolean(),
    suspendPlanOnOverage: z.boolean(),
    refillFrequencyInDays: count.nullable(),
    includedQuantities: z.record(z.string(), quantity),
    minCapacityLimit: count,
    maxCapacityLimit: count,
  }),
});
export type PlanReply = z.output<typeof planReply>;

export const planListReply = listOf('CommitmentPlanList', planReply);

const usageDayReply = shape('PlanUsageDay', 'What a plan was used for on one day.', {
  usageDate: time,
  usage: byMeter,
  planQuantitiesBeforeUsage: byMeter,
  planQuantitiesAfterUsage: byMeter,
  planUsageOverage: byMeter,
  planMigrationOverage: byMeter,
  planDeletionOverage: byMeter,
});
export type UsageDayReply = z.output<typeof usageDayReply>;

export const usageHistoryReply = listOf('PlanUsageHistory', usageDayReply);

export const associationReply = shape('CommitmentAssociation', 'A web service that a plan pays for.', {
  id: z.string(),
  name: z.string(),
  type: z.literal('Microsoft.MachineLearning/commitmentPlans/commitmentAssociations'),
  location: z.string(),
  properties: z.strictObject({
    associatedResourceId: z.string(),
    commitmentPlanId: z.string(),
    creationDate: time,
    pendingMove: z
      .strictObject({ commitmentPlanId: id, from: time })
      .describe(
        'A move that has not begun: the plan that pays from the whole hour `from` on. Absent when there is none.',
      )
      .exactOptional(),
  }),
});
export type AssociationReply = z.output<typeof associationReply>;

export const associationListReply = listOf('CommitmentAssociationList', associationReply);

const skuReply = shape('Sku', 'A tier of commitment plans, with what it includes and costs.', {
  resourceType: z.literal('commitmentPlans'),
  sku: z.strictObject({ name: z.string(), tier: z.string() }),
  locations: z.array(z.string()),
  capacity: z.strictObject({ minimum: count, maximum: count, default: count, scaleType: z.literal('None') }),
  capabilities: z.array(z.strictObject({ name: z.string(), value: z.string() })),
  restrictions: z.array(z.unknown()),
});
export type SkuReply = z.output<typeof skuReply>;

export const skuListReply = listOf('SkuList', skuReply);

const operationReply = shape('ProviderOperation', 'Something that Resource Manager clients can do here.', {
  name: z.string(),
  display: z.strictObject({
    provider: z.string(),
    resource: z.string(),
    operation: z.string(),
    description: z.string(),
  }),
});
export type OperationReply = z.output<typeof operationReply>;

export const operationListReply = listOf('ProviderOperationList', operationReply);

export const nothingReply = shape('Nothing', 'An empty object.', {});
