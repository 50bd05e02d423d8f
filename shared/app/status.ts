/** A job's status: one point read, two while it runs. */
import { classicPoolId } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import type { Failed, Finished, Job, Result, RowErrors, Running } from '../core/job.ts';
import { progressOf, type Progress } from '../core/progress.ts';
import { judgeSas } from '../core/sas-time.ts';
import { isLiving, isWorking } from '../core/vm.ts';
import type { Refused } from '../core/refusal.ts';
import type { Service } from '../core/service.ts';
import { cancelForDeletedPool, findJob } from './cancel.ts';
import { openToken } from './open-token.ts';
import { recallPool } from './pool-of-tag.ts';
import { laneHold } from './queue-head.ts';
import type { App } from './ports.ts';

/** `token`: absent since it expired. */
export type OpenResult = Omit<Result, 'tokenSealed'> & { readonly token?: string };
export type JobStatus = {
  readonly kind: 'status';
  readonly job: Job;
  /** From the VM's last beat; the final counts once finished. */
  readonly progress: Progress;
  readonly results?: Readonly<Record<string, OpenResult>>;
  readonly errors?: OpenErrors;
};
export type OpenErrors = Omit<RowErrors, 'file'> & { readonly file: OpenResult };

export async function jobStatus(app: App, service: Service, jobId: string): Promise<JobStatus | Refused> {
  const found = await findJob(app, service, jobId);
  if (found.kind === 'refused') return found;
  const job = await explained(app, await settled(app, found.row));
  switch (job.kind) {
    case 'running':
      return { kind: 'status', job, progress: await progressNow(app, job) };
    case 'finished': {
      const results = openResults(app, job);
      const explainedJob = withExpiry(job, results, app.clock.now());
      const progress = { rowsDone: job.rows, rowsTotal: job.rows };
      return { kind: 'status', job: explainedJob, progress, results, ...openErrors(app, job) };
    }
    case 'failed':
      return { kind: 'status', job, progress: { rowsDone: 0 }, ...openErrors(app, job) };
    case 'registered':
    case 'queued':
    case 'cancelled':
      return { kind: 'status', job, progress: { rowsDone: 0 } };
  }
}

/** A queued job whose pool has gone meanwhile ends here, whoever looks first. */
async function settled(app: App, job: Job): Promise<Job> {
  if (job.kind !== 'queued') return job;
  const pool = await recallPool(app, job.poolId);
  if (pool?.row.kind === 'active') return job;
  await cancelForDeletedPool(app, job);
  return (await app.store.get('job', { jobId: job.jobId }))?.row ?? job;
}

/** A queued job says why it waits, when it is more than that no VM is free. */
async function explained(app: App, job: Job): Promise<Job> {
  if (job.kind !== 'queued') return job;
  const hold =
    job.poolId === classicPoolId ? await laneHold(app, job) : (await recallPool(app, job.poolId))?.row.hold;
  return hold === undefined ? job : { ...job, reason: hold };
}

async function progressNow(app: App, job: Running): Promise<Progress> {
  const vm = (await app.store.recall('vm', { vmId: job.vmId }, limits.glanceMs))?.row;
  const isAtIt = vm !== undefined && isLiving(vm) && isWorking(vm) && vm.job.jobId === job.jobId;
  return isAtIt ? progressOf(job, vm) : { rowsDone: 0 };
}

/** Results that open no more say so, and how to get at them; rows at fault, what can be done about them. */
function withExpiry(job: Finished, results: Record<string, OpenResult>, nowMs: number): Finished {
  for (const [name, { token }] of Object.entries(results)) {
    const when = expiryOf(job, name, token, nowMs);
    if (when === undefined) continue;
    const reason = `The SAS of result "${name}" ${when}: read the blob with its account's key, or run the job again.`;
    return { ...job, reason };
  }
  if (job.errors !== undefined) {
    const { count } = job.errors;
    const reason = `${count === 1 ? '1 row was' : `${count} rows were`} not scored: the file that Errors names has them, and POST .../jobs/${job.jobId}/rerun scores just those.`;
    return { ...job, reason };
  }
  return job;
}

/** Of one that is over; the sweep has taken away a token that has been over for a while. */
function expiryOf(job: Finished, name: string, token: string | undefined, nowMs: number): string | undefined {
  if (token !== undefined) {
    const state = judgeSas(token, nowMs);
    return state.kind === 'expired' ? `expired at ${state.at}` : undefined;
  }
  const isKept = job.results[name]?.tokenSealed !== undefined;
  return isKept ? 'was sealed with a master secret that the service no longer has' : 'has expired';
}

function openResults(app: App, job: Finished): Record<string, OpenResult> {
  return Object.fromEntries(
    Object.entries(job.results).map(([name, result]) => [name, openResult(app, job, result)]),
  );
}

function openErrors(app: App, job: Finished | Failed): { errors?: OpenErrors } {
  if (job.errors === undefined) return {};
  const { file, ...counts } = job.errors;
  return { errors: { ...counts, file: openResult(app, job, file) } };
}

function openResult(app: App, job: Job, result: Result): OpenResult {
  const { tokenSealed: _, ...place } = result;
  const token = openToken(app, job, result);
  return token === undefined ? place : { ...place, token };
}
