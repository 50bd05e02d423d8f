/** Each job ends once, in one final state, which never changes; and it stays until its time is over. */
import { isDeepStrictEqual } from 'node:util';
import { tagOf } from '../../../shared/core/ids.ts';
import { isFinal, type Job } from '../../../shared/core/job.ts';
import { limits } from '../../../shared/core/limits.ts';
import type { MakeCheck } from './check.ts';

export const jobsEndOnce: MakeCheck = ({ storage, violations, facts }) => {
  const bad = (jobId: string, text: string) =>
    violations.add('jobs-end-once', `job ${jobId} ${text}`, [jobId]);
  /** Final for so long that they have been removed. */
  const outlived = new Set<string>();
  storage.onChange('job', ({ before, after }, { atMs }) => {
    const { jobId } = (after ?? before)!;
    if (before !== undefined && isFinal(before)) {
      if (after !== undefined) stays(before, after, bad);
      else if (atMs - before.endMs < limits.jobRetentionMs - facts.clockErrorMs * 2)
        bad(jobId, 'was removed too early');
      else outlived.add(jobId);
    } else if (after === undefined) bad(jobId, `was ${before?.kind} and has been removed`);
    else {
      if (before !== undefined) step(before, after, bad);
      if (isFinal(after)) facts.ended += 1;
    }
  });
  /** Without VMs, or a plan that pays, jobs wait. */
  const mayMove = (jobId: string) => {
    const pool = storage.shadow.get('pool', tagOf(jobId), 'm');
    return (
      pool !== undefined &&
      storage.nowMs - (facts.heldMs.get(tagOf(jobId)) ?? 0) > restMs &&
      pool.serviceId !== undefined &&
      pool.hold === undefined &&
      pool.wish.vmCount > 0
    );
  };
  return {
    atRest(rest) {
      if (rest === 'aged') return;
      for (const { jobId, start, cancelled } of facts.jobs.values()) {
        const job = storage.shadow.get('job', tagOf(jobId), `job|${jobId}`);
        if (outlived.has(jobId)) continue;
        if (job === undefined) bad(jobId, 'has gone');
        else if (rest === 'left' && keepsToken(job, storage.nowMs))
          bad(jobId, `still holds the token of a result that has expired`);
        else if (cancelled && !isFinal(job)) bad(jobId, `was cancelled and is still ${job.kind}`);
        else if (rest === 'drained' && !mayMove(jobId)) continue;
        else if (start === 'done' && !isFinal(job))
          bad(jobId, `is still ${job.kind}: ${JSON.stringify(job)}`);
        else if (job.kind === 'queued' || job.kind === 'running')
          bad(jobId, `is still ${job.kind} (${start})`);
      }
    },
  };
};

/** From the end of a hold to the end of what has waited: a few ticks, and machines that boot. */
const restMs = 3_600_000;

/** Sweeps come by every hour, and it has been quiet for longer. */
function keepsToken(job: Job, nowMs: number): boolean {
  if (job.kind !== 'finished' || nowMs - job.endMs < limits.resultSasMs + 2 * limits.sweepSeldomMs)
    return false;
  return Object.values(job.results).some((result) => result.tokenSealed !== undefined);
}

/** Of a final job nothing changes but that an expired result loses its token. */
function stays(before: Job, after: Job, bad: (jobId: string, text: string) => void): void {
  const rest = (job: Job) => ({ ...job, results: undefined });
  if (!isDeepStrictEqual(rest(before), rest(after)))
    bad(after.jobId, `was ${JSON.stringify(before)} and became ${JSON.stringify(after)}`);
}

function step(before: Job, after: Job, bad: (jobId: string, text: string) => void): void {
  const { jobId } = after;
  const up = after.attempt - before.attempt;
  if (up < 0 || up > 1) bad(jobId, `went from attempt ${before.attempt} to ${after.attempt}`);
  if ((after.kind === 'running') !== (up === 1))
    bad(jobId, `is ${after.kind} with attempt ${after.attempt} after ${before.attempt}`);
  if (after.losses < before.losses || after.losses > limits.lossesMax)
    bad(jobId, `has lost ${after.losses} VMs`);
  const from = 'startedMs' in before ? before.startedMs : undefined;
  const to = 'startedMs' in after ? after.startedMs : undefined;
  if (from !== undefined && from !== to) bad(jobId, `was started at ${from} and now at ${to}`);
  if (isFinal(after)) {
    const spans = [after.registeredMs, after.startedMs, after.runningMs, after.endMs].filter(
      (ms) => ms !== undefined,
    );
    if (spans.some((ms, at) => at > 0 && ms < spans[at - 1]!))
      bad(jobId, `has a negative duration: ${spans.join(' ')}`);
  }
}
