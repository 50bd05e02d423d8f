/** What the demo reads of the API's replies (api.md). */
import { z } from 'zod';

export const accountShape = z.object({ poolServiceUrl: z.url(), maxPools: z.int(), maxVmsPerPool: z.int() });
export const keysShape = z.object({ primary: z.string(), secondary: z.string() });

export const serviceShape = z.object({
  properties: z.object({
    provisioningState: z.string(),
    swaggerLocation: z.string().optional(),
  }),
  error: z.object({ message: z.string() }).optional(),
});

export const blobRefShape = z.object({
  BaseLocation: z.string(),
  RelativeLocation: z.string(),
  SasBlobToken: z.string(),
});
export type BlobRef = z.infer<typeof blobRefShape>;
export const uploadShape = z.object({ UploadUrl: z.url(), Input: blobRefShape });

export const poolShape = z.object({
  poolId: z.string(),
  name: z.string().nullish(),
  state: z.enum(['active', 'deleting', 'deleted']),
  vmCount: z.int(),
  vms: z.object({
    provisioning: z.int(),
    idle: z.int(),
    busy: z.int(),
    draining: z.int(),
    failed: z.int(),
  }),
  reason: z.string().nullish(),
});
export type Pool = z.infer<typeof poolShape>;
export const poolsShape = z.object({ value: z.array(poolShape) });

export const jobStatusShape = z.object({
  StatusCode: z.enum(['NotStarted', 'Running', 'Failed', 'Cancelled', 'Finished']),
  Results: z.record(z.string(), blobRefShape).nullish(),
  Details: z.string().nullish(),
  CreatedAt: z.string(),
  StartTime: z.string().nullish(),
  EndTime: z.string().nullish(),
  RowsDone: z.int().nullish(),
  RowsTotal: z.int().nullish(),
  Reason: z.string().nullish(),
});
export type JobStatus = z.infer<typeof jobStatusShape>;

const amounts = z.object({ computeMs: z.number(), transactions: z.number() });

export const usageShape = z.object({ computeMs: z.int(), posted: z.object({ computeMs: z.int() }) });
export type PoolUsage = z.infer<typeof usageShape>;

export const billShape = z.object({
  currency: z.string(),
  amountMicros: z.int(),
  periods: z.array(
    z.object({
      start: z.string(),
      end: z.string(),
      included: amounts,
      used: amounts,
      overage: amounts,
      amountMicros: z.int(),
      pools: z.array(z.object({ poolId: z.string(), computeMs: z.int() })),
      classic: amounts,
    }),
  ),
});
export type Bill = z.infer<typeof billShape>;
