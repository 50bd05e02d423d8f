/** Cancel: final at once, in every state; the VM that holds the job is told to let go of it. */
import { tagOf, type JobId } from '../core/ids.ts';
import { cancel, fail, isFinal, type Final, type Job } from '../core/job.ts';
import { notFound, shown, type Refused } from '../core/refusal.ts';
import type { Service } from '../core/service.ts';
import { isLiving, isWorking, release } from '../core/vm.ts';
import { endWrites } from './end-job.ts';
import { lookAgain } from './look-again.ts';
import type { App, Stored, Write } from './ports.ts';

/**
 * A job of this service, or the refusal that a missing one gets.
 * @param recallMs a registered job may be so old: for who is about to change it
 */
export async function findJob(
  app: App,
  service: Service,
  jobId: string,
  recallMs = 0,
): Promise<Stored<'job'> | Refused> {
  const isOwn = (job: Job) => job.serviceId === service.serviceId;
  const stored = /^[0-9a-f]{32}$/.test(jobId)
    ? await app.store.recall('job', { jobId }, recallMs, (job) => job.kind === 'registered' && isOwn(job))
    : undefined;
  if (stored === undefined || !isOwn(stored.row)) {
    return notFound(
      'JobNotFound',
      `There is no job "${shown(jobId)}" of this web service; jobs are kept for 30 days after their end.`,
    );
  }
  return stored;
}

/** DELETE of a job: cancels it, or leaves a final one (and its outputs) as it is. */
export async function cancelByOwner(
  app: App,
  service: Service,
  jobId: string,
): Promise<{ kind: 'done' } | Refused> {
  const found = await findJob(app, service, jobId);
  if (found.kind === 'refused') return found;
  await cancelJob(app, found.row, 'It was cancelled by its owner.');
  return { kind: 'done' };
}

export function cancelJob(app: App, job: Job, reason: string): Promise<void> {
  return endNow(app, job.jobId, 'its job was cancelled', (open, nowMs) => cancel(open, reason, nowMs));
}

/** What can be done for nobody, with whatever VM: its secrets open no more. */
export function failJob(app: App, job: Job, code: string, reason: string): Promise<void> {
  return endNow(app, job.jobId, 'its job cannot be done', (open, nowMs) => fail(open, code, reason, nowMs));
}

async function endNow(
  app: App,
  jobId: JobId,
  why: string,
  final: (job: Exclude<Job, Final>, nowMs: number) => Final,
): Promise<void> {
  const vmId = await lookAgain(app, async () => {
    const stored = await app.store.get('job', { jobId });
    if (stored === undefined || isFinal(stored.row)) return undefined;
    const job = stored.row;
    const writes: Write[] = endWrites(stored, final(job, app.clock.now()));
    const holder = job.kind === 'running' ? await app.store.get('vm', { vmId: job.vmId }) : undefined;
    const vm = holder?.row;
    if (holder !== undefined && vm !== undefined && isLiving(vm) && isWorking(vm) && vm.job.jobId === jobId) {
      const row = release(vm, 'idle', why, app.clock.now());
      writes.push({ do: 'replace', kind: 'vm', row, etag: holder.etag });
    }
    const done = await app.store.commit(writes);
    return done.kind === 'conflict' ? 'conflict' : vm?.vmId;
  });
  if (vmId !== undefined) app.wakeups.notify(vmId);
}

/** Jobs that were queued when their pool was already going: found by dispatch, the tick or a reader. */
export async function cancelForDeletedPool(app: App, job: Job): Promise<void> {
  await cancelJob(app, job, 'Its pool was deleted before a VM could take it.');
  app.log('job-cancelled', { jobId: job.jobId, tag: tagOf(job.jobId), reason: 'pool deleted' });
}
