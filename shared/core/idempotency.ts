/** A caller's Idempotency-Key: written in the transaction that creates what it names, kept for `limits.idempotencyMs`. Pure. */
import type { JobId, PoolId, SubscriptionId } from './ids.ts';

type Kept = {
  /** SHA-256 of the key, hex: keys are the caller's and may hold anything. */
  readonly keyHash: string;
  /** SHA-256 of the body as it was understood, hex. */
  readonly bodyHash: string;
  readonly createdMs: number;
};
/** A job's key counts within its pool. */
export type JobKey = Kept & { readonly poolId: PoolId; readonly jobId: JobId };
export type PoolKey = Kept & { readonly subscriptionId: SubscriptionId; readonly poolId: PoolId };
