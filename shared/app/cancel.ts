/** Cancel: final at once, in every state; the VM that holds the job is told to let go of it. */
import { tagOf } from '../core/ids.ts';
import { cancel, isFinal, type Job } from '../core/job.ts';
import { notFound, shown, type Refused } from '../core/refusal.ts';
import type { Service } from '../core/service.ts';
import { isLiving, isWorking, release } from '../core/vm.ts';
import { endWrites } from './end-job.ts';
import { lookAgain } from './look-again.ts';
import type { App, Stored, Write } from './ports.ts';

/** A job of this service, or the refusal that a missing one gets. */
/** @param recallMs a registered job may be so old: for who is about to change it */
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

export async function cancelJob(app: App, { jobId }: Job, reason: string): Promise<void> {
  const vmId = await lookAgain(app, async () => {
    const stored = await app.store.get('job', { jobId });
    if (stored === undefined || isFinal(stored.row)) return undefined;
    const job = stored.row;
    const writes: Write[] = endWrites(stored, cancel(job, reason, app.clock.now()));
    const holder = job.kind === 'running' ? await app.store.get('vm', { vmId: job.vmId }) : undefined;
    const vm = holder?.row;
    if (holder !== undefined && vm !== undefined && isLiving(vm) && isWorking(vm) && vm.job.jobId === jobId) {
      const row = release(vm, 'idle', 'its job was cancelled', app.clock.now());
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
