/**
 * A job's life. Pure: time comes in as `nowMs`, nothing is read or written.
 *
 * registered -> queued -> running -> finished | failed | cancelled; running -> queued when its VM is lost or takes it back.
 */
import type { JobId, PlanId, PoolId, ServiceId, SubscriptionId, VmId } from './ids.ts';
import { limits } from './limits.ts';
import type { RowErrorCounts, UnseenCounts } from './row-errors.ts';

/** Where a result lies: the BES triple without the token, which is kept encrypted in `tokenSealed`. */
export type Result = {
  readonly baseLocation: string;
  /** Percent-encoded, without a leading slash. */
  readonly relativeLocation: string;
  /** The read-only SAS (begins with `?`), sealed with the job's id; absent since it expired. */
  readonly tokenSealed?: string;
};

/** A job's error file, and what is in it. */
export type RowErrors = RowErrorCounts & { readonly file: Result };

/** What was found in the rows of a job, where there was something. */
export type Findings = { readonly errors?: RowErrors; readonly unseen?: UnseenCounts };

/** The version of an input that the job was started with. */
export type InputPin = { readonly etag: string; readonly bytes: number };

export type JobCommon = {
  readonly jobId: JobId;
  readonly subscriptionId: SubscriptionId;
  readonly serviceId: ServiceId;
  readonly poolId: PoolId;
  /** The queue within the pool: `0` in a pool, the endpoint's service id in classic processing. */
  readonly lane: string;
  readonly registeredMs: number;
  /** Raised by every dispatch: (jobId, attempt) names an assignment and fences it. 0 before the first. */
  readonly attempt: number;
  /** Since the start: what every attempt reads. */
  readonly inputs?: Readonly<Record<string, InputPin>>;
  /** Classic jobs: the plan that pays, since the start. Jobs on a pool cost nothing themselves. */
  readonly payer?: PlanId;
  /** VMs that died under it; at most `limits.lossesMax`. */
  readonly losses: number;
  /** Why it waits again, when a VM was lost or took it back. */
  readonly reason?: string;
};

export type Registered = JobCommon & { readonly kind: 'registered' };
export type Queued = JobCommon & { readonly kind: 'queued'; readonly startedMs: number };
export type Running = JobCommon & {
  readonly kind: 'running';
  readonly startedMs: number;
  readonly runningMs: number;
  readonly vmId: VmId;
  /** Classic jobs: the running place of its endpoint that it takes. */
  readonly slot?: number;
};
type Ended = {
  readonly startedMs?: number;
  readonly runningMs?: number;
  readonly vmId?: VmId;
  readonly endMs: number;
};
export type Finished = JobCommon &
  Ended &
  Findings & {
    readonly kind: 'finished';
    /** Of the input, those at fault included. */
    readonly rows: number;
    readonly results: Readonly<Record<string, Result>>;
  };
export type Failed = JobCommon &
  Ended & {
    readonly kind: 'failed';
    readonly code: string;
    readonly reason: string;
    readonly errors?: RowErrors;
  };
export type Cancelled = JobCommon & Ended & { readonly kind: 'cancelled'; readonly reason: string };

export type Job =
  /** Asked for, not started. The caller starts it; after `limits.registeredMsMax` the sweep cancels it. */
  | Registered
  /** Waits for a VM in its lane, by start time. The dispatcher moves it on. */
  | Queued
  /** Held by one VM while its beats go on. The VM ends it; the reaper takes it back when the lease lapses. */
  | Running
  /** Final, kept for `limits.jobRetentionMs`: outputs are committed. */
  | Finished
  /** Final: the reason says what was wrong and where. */
  | Failed
  /** Final: by its owner, or by the service with a reason. */
  | Cancelled;

export type Final = Finished | Failed | Cancelled;

/** When the SAS of an ended job's results and error file ends: noted with its end, gone with the SAS. */
export type Expiry = { readonly jobId: JobId; readonly atMs: number };

/** Undefined for a job without results and without an error file. */
export function expiryOf(job: Final): Expiry | undefined {
  const hasResults = job.kind === 'finished' && Object.keys(job.results).length > 0;
  const hasErrors = job.kind !== 'cancelled' && job.errors !== undefined;
  if (!hasResults && !hasErrors) return undefined;
  return { jobId: job.jobId, atMs: job.endMs + limits.resultSasMs };
}

/** The places of its results and of its error file stay, the secrets that opened them go. */
export function withoutTokens(job: Finished | Failed): Finished | Failed {
  const errors =
    job.errors === undefined ? {} : { errors: { ...job.errors, file: withoutToken(job.errors.file) } };
  if (job.kind === 'failed') return { ...job, ...errors };
  const results = Object.entries(job.results).map(([name, result]) => [name, withoutToken(result)]);
  return { ...job, ...errors, results: Object.fromEntries(results) as Finished['results'] };
}

function withoutToken({ tokenSealed: _, ...place }: Result): Result {
  return place;
}

/** Nobody is promised to read it any more. */
export function isPastRetention(job: Job, nowMs: number): job is Final {
  return isFinal(job) && nowMs - job.endMs >= limits.jobRetentionMs;
}

export function isFinal(job: Job): job is Final {
  return job.kind === 'finished' || job.kind === 'failed' || job.kind === 'cancelled';
}

export function queue(
  job: Registered,
  inputs: Readonly<Record<string, InputPin>>,
  nowMs: number,
  payer?: PlanId,
): Queued {
  const base = { ...common(job), inputs, ...(payer === undefined ? {} : { payer }) };
  return { ...base, kind: 'queued', startedMs: Math.max(nowMs, job.registeredMs) };
}

/** A VM takes the job: the next attempt. */
export function assign(job: Queued, vmId: VmId, nowMs: number, slot?: number): Running {
  return {
    ...withoutReason(common(job)),
    kind: 'running',
    attempt: job.attempt + 1,
    startedMs: job.startedMs,
    runningMs: Math.max(nowMs, job.startedMs),
    vmId,
    ...(slot === undefined ? {} : { slot }),
  };
}

export function finish(
  job: Running,
  rows: number,
  results: Readonly<Record<string, Result>>,
  nowMs: number,
  found: Findings = {},
): Finished {
  return { ...withoutReason(common(job)), ...ended(job, nowMs), kind: 'finished', rows, results, ...found };
}

export function fail(
  job: Registered | Queued | Running,
  code: string,
  reason: string,
  nowMs: number,
  found: Pick<Findings, 'errors'> = {},
): Failed {
  return { ...common(job), ...ended(job, nowMs), kind: 'failed', code, reason, ...found };
}

export function cancel(job: Registered | Queued | Running, reason: string, nowMs: number): Cancelled {
  return { ...common(job), ...ended(job, nowMs), kind: 'cancelled', reason };
}

/** Back to its old place: its VM was asked to let go of it (a resize with `requeue`, a host that restarts). */
export function requeue(job: Running, reason: string): Queued {
  return { ...common(job), kind: 'queued', startedMs: job.startedMs, reason };
}

/** What becomes of a job whose VM died: back to its old place, or failed at `limits.lossesMax` with the VM's cause. */
export function loseVm(job: Running, cause: string, nowMs: number): Queued | Failed {
  const losses = job.losses + 1;
  if (losses < limits.lossesMax)
    return { ...requeue(job, `Its VM was lost (${cause}); it waits for another.`), losses };
  const text = `${losses} VMs were lost while they ran this job, the last one because ${cause}. A job that ends its VM is not tried again.`;
  return { ...fail(job, 'ModuleExecutionError', text, nowMs), losses };
}

function ended(job: Registered | Queued | Running, nowMs: number): Ended {
  switch (job.kind) {
    case 'registered':
      return { endMs: Math.max(nowMs, job.registeredMs) };
    case 'queued':
      return { startedMs: job.startedMs, endMs: Math.max(nowMs, job.startedMs) };
    case 'running':
      return {
        startedMs: job.startedMs,
        runningMs: job.runningMs,
        vmId: job.vmId,
        endMs: Math.max(nowMs, job.runningMs),
      };
  }
}

function common(job: Job): JobCommon {
  return {
    jobId: job.jobId,
    subscriptionId: job.subscriptionId,
    serviceId: job.serviceId,
    poolId: job.poolId,
    lane: job.lane,
    registeredMs: job.registeredMs,
    attempt: job.attempt,
    losses: job.losses,
    ...(job.inputs === undefined ? {} : { inputs: job.inputs }),
    ...(job.payer === undefined ? {} : { payer: job.payer }),
    ...(job.reason === undefined ? {} : { reason: job.reason }),
  };
}

function withoutReason({ reason: _, ...rest }: JobCommon): JobCommon {
  return rest;
}
