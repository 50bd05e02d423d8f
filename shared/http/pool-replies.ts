/** What the pool service answers (api.md, "Account"). */
import { z } from 'zod';
import { metersReply, spentReply } from './bill-replies.ts';
import { count, id, listOf, shape, time } from './reply-schemas.ts';

export const vmStates = ['provisioning', 'idle', 'busy', 'draining', 'failed'] as const;
export const jobStatuses = ['registered', 'queued', 'running', 'finished', 'failed', 'cancelled'] as const;

const vms = z
  .record(z.enum(vmStates), count)
  .describe(
    'VMs by state; those that are on their way out count as draining, failed ones are being replaced.',
  );

export const poolReply = shape('Pool', 'A batch pool: what is wished for, and what is there.', {
  poolId: id,
  name: z.string().nullable(),
  state: z.enum(['active', 'deleting', 'deleted']),
  vmCount: count.describe('The number of VMs that was last asked for.'),
  vms,
  allocationState: z.enum(['steady', 'resizing']),
  jobs: z.strictObject({
    queued: count,
    running: count,
    capped: z.literal(true).describe('The counts stop at 1,000, and did.').exactOptional(),
  }),
  billing: z.strictObject({ serviceId: id.nullable(), commitmentPlanId: id.nullable() }),
  reason: z.string().describe('Why nothing starts or VMs keep failing.').exactOptional(),
  createdAt: time,
});
export type PoolReply = z.output<typeof poolReply>;

export const poolListReply = listOf('PoolList', poolReply);

const vmReply = shape('Vm', 'A VM of a pool.', {
  vmId: id,
  state: z.enum(vmStates),
  since: time,
  readyAt: time.nullable().describe('When its provisioning was finished: billed from then on.'),
  jobId: id.exactOptional(),
  failure: z.string().exactOptional(),
});
export type VmReply = z.output<typeof vmReply>;

export const vmListReply = shape('VmList', 'All VMs of a pool.', { value: z.array(vmReply) });

const poolJobReply = shape('PoolJob', 'A job of a pool.', {
  jobId: id,
  serviceId: id,
  status: z.enum(jobStatuses),
  registeredAt: time,
  startedAt: time.nullable(),
  runningAt: time.nullable(),
  endedAt: time.nullable(),
  attempt: count.describe('How often a VM was given the job.'),
  vmId: id.nullable(),
  rowsDone: count,
  rowsTotal: count.describe('Estimated while the job runs.').exactOptional(),
  reason: z.string().describe('Why it waits, failed or was cancelled.').exactOptional(),
});
export type PoolJobReply = z.output<typeof poolJobReply>;

export const poolJobListReply = listOf('PoolJobList', poolJobReply);

export const usageReply = shape('PoolUsage', 'Compute time of a pool: posted lines plus what runs now.', {
  from: time,
  to: time,
  computeMs: count,
  computeHours: z.number().min(0),
  posted: z.strictObject({ computeMs: count }),
  hours: z.array(z.strictObject({ hour: time, computeMs: count, vms: count })),
  plan: z
    .strictObject({
      commitmentPlanId: id.nullable(),
      periodStart: time,
      periodEnd: time,
      ...metersReply,
      ...spentReply,
    })
    .describe('The present period of the plan that pays; null when it is no longer there.')
    .nullable(),
});
export type UsageReply = z.output<typeof usageReply>;
