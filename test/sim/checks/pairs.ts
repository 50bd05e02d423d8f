/**
 * Rows that belong together are there together, after every commit: a queued job and its place in the queue, a running
 * job and its VM, a classic one and its running place, an unfinished job and its secrets.
 */
import { isFinal, type Job } from '../../../shared/core/job.ts';
import { isLiving, isWorking } from '../../../shared/core/vm.ts';
import type { Slot, Wait } from '../../../shared/core/dispatch.ts';
import { placeOf, tables } from '../../../shared/storage/row-places.ts';
import type { Change, Shadow } from '../shadow.ts';
import type { MakeCheck } from './check.ts';
import { isSame, workOf } from './work-of.ts';

export const pairs: MakeCheck = ({ storage, violations }) => {
  const { shadow } = storage;
  const bad = (text: string, ids: readonly string[]) => violations.add('pairs', text, ids);
  storage.onCommit(({ table, pk, changes }) => {
    if (table !== tables.pools) return;
    for (const change of changes) check(shadow, pk, change, bad);
  });
  return {};
};

function check(
  shadow: Shadow,
  pk: string,
  change: Change,
  bad: (text: string, ids: readonly string[]) => void,
): void {
  const jobOf = (jobId: string) => shadow.get('job', pk, `job|${jobId}`);
  switch (change.kind) {
    case 'job':
      if (change.after !== undefined) checkJob(shadow, pk, change.after, bad);
      if (change.before?.kind === 'running' && !runsAs(change.before, change.after)) {
        const { jobId, vmId } = change.before;
        const job = workOf(shadow.get('vm', pk, `vm|${vmId}`));
        if (job?.jobId === jobId && job.attempt === change.before.attempt)
          bad(`job ${jobId} is ${change.after?.kind}, and VM ${vmId} still has it`, [jobId, vmId]);
      }
      if (
        change.before?.kind === 'queued' &&
        change.after?.kind !== 'queued' &&
        shadow.get('wait', pk, placeOf('wait', change.before).rk) !== undefined
      )
        bad(
          `job ${change.before.jobId} is ${change.after?.kind}, and its place in the queue is still there`,
          [change.before.jobId],
        );
      return;
    case 'vm': {
      const { before, after } = change;
      const held = workOf(after);
      const had = workOf(before);
      if (held !== undefined && isSame(held, had)) return;
      for (const one of [held, had]) {
        const job = one && jobOf(one.jobId);
        if (job !== undefined) checkJob(shadow, pk, job, bad);
      }
      const job = held && jobOf(held.jobId);
      if (
        held !== undefined &&
        (job?.kind !== 'running' || job.vmId !== after!.vmId || job.attempt !== held.attempt)
      )
        bad(`VM ${after!.vmId} is ${after!.kind} with ${held.jobId}, which is ${job?.kind}`, [
          after!.vmId,
          held.jobId,
        ]);
      return;
    }
    case 'wait': {
      const row: Wait = (change.after ?? change.before)!;
      const job = jobOf(row.jobId);
      const waits = job?.kind === 'queued' && job.startedMs === row.startedMs && job.lane === row.lane;
      if ((change.after !== undefined) !== waits)
        bad(
          `job ${row.jobId} is ${job?.kind}, and its place in the queue is ${change.after === undefined ? 'gone' : 'there'}`,
          [row.jobId],
        );
      return;
    }
    case 'slot': {
      const row: Slot = (change.after ?? change.before)!;
      const job = jobOf(row.jobId);
      const runs = job?.kind === 'running' && job.slot === row.place && job.lane === row.lane;
      if ((change.after !== undefined) !== runs)
        bad(`running place ${row.lane} ${row.place} of job ${row.jobId}, which is ${job?.kind}`, [row.jobId]);
      return;
    }
    case 'spec': {
      const { jobId } = (change.after ?? change.before)!;
      const job = jobOf(jobId);
      if (job !== undefined && (change.after === undefined) !== isFinal(job))
        bad(
          `job ${jobId} is ${job.kind}, and its secrets are ${change.after === undefined ? 'gone' : 'there'}`,
          [jobId],
        );
      return;
    }
    default:
  }
}

function runsAs({ attempt }: Job, job: Job | undefined): boolean {
  return job?.kind === 'running' && job.attempt === attempt;
}

function checkJob(
  shadow: Shadow,
  pk: string,
  job: Job,
  bad: (text: string, ids: readonly string[]) => void,
): void {
  const { jobId } = job;
  if (job.kind === 'queued' && shadow.get('wait', pk, placeOf('wait', job).rk) === undefined)
    bad(`job ${jobId} is queued and has no place in the queue`, [jobId]);
  if (!isFinal(job) === (shadow.get('spec', pk, `spec|${jobId}`) === undefined))
    bad(`job ${jobId} is ${job.kind}, and its secrets are ${isFinal(job) ? 'there' : 'gone'}`, [jobId]);
  if (job.kind !== 'running') return;
  const vm = shadow.get('vm', pk, `vm|${job.vmId}`);
  if (
    vm === undefined ||
    !isLiving(vm) ||
    !isWorking(vm) ||
    vm.job.jobId !== jobId ||
    vm.job.attempt !== job.attempt
  )
    bad(`job ${jobId} runs as attempt ${job.attempt} on ${job.vmId}, which is ${vm?.kind}`, [
      jobId,
      job.vmId,
    ]);
  if (
    job.slot !== undefined &&
    shadow.get('slot', pk, placeOf('slot', { ...job, place: job.slot }).rk)?.jobId !== jobId
  )
    bad(`job ${jobId} runs without its running place ${job.slot}`, [jobId]);
}
