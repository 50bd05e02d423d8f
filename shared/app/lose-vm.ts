/** A VM's end and its job's way on, in one transaction: no job is ever bound to a VM that has stopped. */
import { loseVm, requeue, type Failed, type Queued } from '../core/job.ts';
import {
  isLiving,
  isWorking,
  lose,
  release,
  type Busy,
  type Living,
  type Provisioning,
  type Vm,
} from '../core/vm.ts';
import { endWrites, requeueWrites } from './end-job.ts';
import type { App, Stored, Write } from './ports.ts';

/** Stops a VM that is dead or given up, at its last sign of life; its job waits again, or fails after too many losses. */
export async function commitLoss(
  app: App,
  stored: Stored<'vm'>,
  vm: Provisioning | Living,
  cause: string,
): Promise<'done' | 'conflict'> {
  const nowMs = app.clock.now();
  const writes: Write[] = [{ do: 'replace', kind: 'vm', row: lose(vm, cause, nowMs), etag: stored.etag }];
  // A job that is let go because its host restarted has not lost its VM by its own doing: it does not count.
  const counts = !cause.startsWith('the host');
  writes.push(
    ...(await jobWrites(app, vm, (job) =>
      counts ? loseVm(job, cause, nowMs) : requeue(job, `Its VM ended: ${cause}.`),
    )),
  );
  return (await app.store.commit(writes)).kind;
}

/** Takes the job back on request: the VM is told to drop it and to stop, the job waits in its old place. */
export async function commitRequeue(app: App, stored: Stored<'vm'>, vm: Busy): Promise<'done' | 'conflict'> {
  const row = release(vm, 'stop', 'its pool was resized', app.clock.now());
  const writes: Write[] = [{ do: 'replace', kind: 'vm', row, etag: stored.etag }];
  writes.push(
    ...(await jobWrites(app, vm, (job) =>
      requeue(job, 'Its pool was resized and its VM taken away; it waits for another.'),
    )),
  );
  return (await app.store.commit(writes)).kind;
}

async function jobWrites(
  app: App,
  vm: Vm,
  decide: (job: Parameters<typeof loseVm>[0]) => Queued | Failed,
): Promise<Write[]> {
  if (!isLiving(vm) || !isWorking(vm)) return [];
  const stored = await app.store.get('job', { jobId: vm.job.jobId });
  if (stored?.row.kind !== 'running' || stored.row.vmId !== vm.vmId || stored.row.attempt !== vm.job.attempt)
    return [];
  const row = decide(stored.row);
  return row.kind === 'queued' ? requeueWrites(stored, row) : endWrites(stored, row);
}
