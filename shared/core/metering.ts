/**
 * What a classic job costs: one transaction, and the run time of the attempt that ended it (bes-contract.md, section 7).
 * Jobs on a pool cost nothing themselves. Pure.
 */
import type { Line } from './billing.ts';
import { hourOf } from './billing.ts';
import type { JobId, PlanId, PoolId } from './ids.ts';
import type { Final } from './job.ts';

/** An entry of the outbox: written with the job's end, posted as one line by the tick, then deleted. */
export type Use = {
  readonly poolId: PoolId;
  readonly jobId: JobId;
  readonly planId: PlanId;
  /** The run of the attempt that ended the job; empty for one that was cancelled while it waited. */
  readonly fromMs: number;
  readonly toMs: number;
};

/** Undefined for a job on a pool, and for one that was never started. */
export function useOf(job: Final): Use | undefined {
  if (job.payer === undefined || job.startedMs === undefined) return undefined;
  const { poolId, jobId, payer, endMs } = job;
  return { poolId, jobId, planId: payer, fromMs: job.runningMs ?? endMs, toMs: endMs };
}

export function lineOfUse({ planId, poolId, jobId, fromMs, toMs }: Use): Line {
  return { kind: 'classic', planId, poolId, jobId, hourMs: hourOf(toMs), fromMs, toMs };
}
