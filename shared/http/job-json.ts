/**
 * A job's status as BES clients read it (bes-contract.md, section 3), with what Millpond knows beside it (api.md,
 * "Service").
 */
import type { JobStatus, OpenErrors, OpenResult } from '../app/status.ts';
import { classicPoolId } from '../core/ids.ts';
import type { Job } from '../core/job.ts';
import type { UnseenCounts } from '../core/row-errors.ts';
import { isoTime } from './iso-time.ts';
import type { BlobRefReply, StatusReply } from './job-replies.ts';

/** Results and Details are always there; Results is null until the job has finished. */
export function statusJson({ job, progress, results, errors }: JobStatus): StatusReply {
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
    RowsDone: progress.rowsDone,
    RowsTotal: progress.rowsTotal ?? null,
    RowsPerSecond: progress.rowsPerSecond ?? null,
    ExpectedEndTime: isoTime(progress.expectedEndMs),
    Errors: errors === undefined ? null : errorsOf(errors),
    UnseenCategories: job.kind === 'finished' && job.unseen !== undefined ? unseenOf(job.unseen) : null,
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
  return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, resultOf(result)]));
}

function resultOf({ baseLocation, relativeLocation, token }: OpenResult): BlobRefReply {
  return {
    ConnectionString: null,
    BaseLocation: baseLocation,
    RelativeLocation: relativeLocation,
    // A text in any case: clients join the three.
    SasBlobToken: token ?? '',
  };
}

function errorsOf({ file, count, byReason }: OpenErrors): NonNullable<StatusReply['Errors']> {
  return { ...resultOf(file), Count: count, ByReason: byReason };
}

function unseenOf({ count, byColumn }: UnseenCounts): NonNullable<StatusReply['UnseenCategories']> {
  return { Count: count, ByColumn: byColumn };
}
