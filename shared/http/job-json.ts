/** A job's status as BES clients read it (bes-contract.md, section 3), with what Millpond knows beside it (api.md, "Service"). */
import type { JobStatus } from '../app/status.ts';
import { classicPoolId } from '../core/ids.ts';
import type { Job } from '../core/job.ts';
import { isoTime } from './iso-time.ts';
import type { StatusReply } from './job-replies.ts';

/** Results and Details are always there; Results is null until the job has finished. */
export function statusJson({ job, rowsDone, results }: JobStatus): StatusReply {
  return {
    StatusCode: statusCode(job),
    Results: job.kind === 'finished' ? resultsOf(results ?? {}) : null,
    Details: job.kind === 'failed' ? job.reason : null,
    CreatedAt: isoTime(job.registeredMs),
    StartTime: isoTime('runningMs' in job ? job.runningMs : undefined),
    EndTime: isoTime('endMs' in job ? job.endMs : undefined),
    Attempt: job.attempt,
    PoolId: job.poolId === classicPoolId ? null : job.poolId,
    VmId: ('vmId' in job ? job.vmId : undefined) ?? null,
    RowsDone: rowsDone,
    RowsTotal: job.kind === 'finished' ? job.rows : null,
    Reason: job.reason ?? null,
  };
}

function statusCode(job: Job): StatusReply['StatusCode'] {
  switch (job.kind) {
    case 'registered':
    case 'queued':
      return 'NotStarted';
    case 'running':
      return 'Running';
    case 'finished':
      return 'Finished';
    case 'failed':
      return 'Failed';
    case 'cancelled':
      return 'Cancelled';
  }
}

function resultsOf(results: NonNullable<JobStatus['results']>): NonNullable<StatusReply['Results']> {
  return Object.fromEntries(
    Object.entries(results).map(([name, { baseLocation, relativeLocation, token }]) => [
      name,
      {
        ConnectionString: null,
        BaseLocation: baseLocation,
        RelativeLocation: relativeLocation,
        // A text in any case: clients join the three.
        SasBlobToken: token ?? '',
      },
    ]),
  );
}
