/** The writes that end a job, or take it from its VM: whoever does it, the same rows change in one transaction. */
import { expiryOf, isFinal, type Final, type Job, type Queued } from '../core/job.ts';
import { useOf } from '../core/metering.ts';
import type { Stored, Write } from './ports.ts';

/**
 * The job becomes `row`; its secrets, its place in the queue or its running place go; what it costs and when the SAS of
 * its results ends are noted.
 */
export function endWrites(stored: Stored<'job'>, row: Final): Write[] {
  const job = stored.row;
  if (isFinal(job)) throw new Error(`job ${job.jobId} has ended already`);
  const use = useOf(row);
  const expiry = expiryOf(row);
  return [
    { do: 'replace', kind: 'job', row, etag: stored.etag },
    { do: 'remove', kind: 'spec', key: { jobId: job.jobId } },
    ...leaveQueue(job),
    ...leaveSlot(job),
    ...(use === undefined ? [] : [{ do: 'create', kind: 'use', row: use } as const]),
    ...(expiry === undefined ? [] : [{ do: 'create', kind: 'expiry', row: expiry } as const]),
  ];
}

/** The job goes back to its place in the queue. */
export function requeueWrites(stored: Stored<'job'>, row: Queued): Write[] {
  const { poolId, lane, startedMs, jobId, subscriptionId } = row;
  return [
    { do: 'replace', kind: 'job', row, etag: stored.etag },
    { do: 'create', kind: 'wait', row: { poolId, lane, startedMs, jobId, subscriptionId } },
    ...leaveSlot(stored.row),
  ];
}

function leaveQueue(job: Job): Write[] {
  if (job.kind !== 'queued') return [];
  const { poolId, lane, startedMs, jobId } = job;
  return [{ do: 'remove', kind: 'wait', key: { poolId, lane, startedMs, jobId } }];
}

function leaveSlot(job: Job): Write[] {
  if (job.kind !== 'running' || job.slot === undefined) return [];
  const { poolId, lane, slot } = job;
  return [{ do: 'remove', kind: 'slot', key: { poolId, lane, place: slot } }];
}
