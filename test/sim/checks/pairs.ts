/**
 * Rows that belong together are there together, after every commit: a queued job and its place in the queue, a running
 * job and its VM, a classic one and its running place, an unfinished job and its secrets.
 */
import type { Keys } from '../../../shared/app/ports.ts';
import { isFinal, type Job } from '../../../shared/core/job.ts';
import { isLiving, isWorking, type Vm } from '../../../shared/core/vm.ts';
import type { Slot, Wait } from '../../../shared/core/dispatch.ts';
import { placeOf, tables } from '../../../shared/storage/row-places.ts';
import type { Change } from '../shadow.ts';
import type { MakeCheck } from './check.ts';
import { isSame, workOf } from './work-of.ts';

export const pairs: MakeCheck = ({ storage, violations }) => {
  const bad: Bad = (text, ids) => violations.add('pairs', text, ids);
  storage.onCommit(({ table, pk, changes }) => {
    if (table !== tables.pools) return;
    const rows = new PoolRows(storage.shadow.rows(tables.pools, pk));
    for (const change of changes) check(rows, change, bad);
  });
  return {};
};

type Bad = (text: string, ids: readonly string[]) => void;

/** One partition, by what its rows are. */
class PoolRows {
  private readonly rows: ReadonlyMap<string, unknown>;

  constructor(rows: ReadonlyMap<string, unknown>) {
    this.rows = rows;
  }

  job(jobId: string): Job | undefined {
    return this.rows.get(`job|${jobId}`) as Job | undefined;
  }

  vm(vmId: string): Vm | undefined {
    return this.rows.get(`vm|${vmId}`) as Vm | undefined;
  }

  slot(key: Keys['slot']): Slot | undefined {
    return this.rows.get(placeOf('slot', key).rk) as Slot | undefined;
  }

  waits(key: Keys['wait']): boolean {
    return this.rows.has(placeOf('wait', key).rk);
  }

  hasSpec(jobId: string): boolean {
    return this.rows.has(`spec|${jobId}`);
  }
}

function check(rows: PoolRows, change: Change, bad: Bad): void {
  switch (change.kind) {
    case 'job':
      if (change.after !== undefined) checkJob(rows, change.after, bad);
      if (change.before?.kind === 'running' && !runsAs(change.before, change.after)) {
        const { jobId, vmId } = change.before;
        const job = workOf(rows.vm(vmId));
        if (job?.jobId === jobId && job.attempt === change.before.attempt)
          bad(`job ${jobId} is ${change.after?.kind}, and VM ${vmId} still has it`, [jobId, vmId]);
      }
      if (change.before?.kind === 'queued' && change.after?.kind !== 'queued' && rows.waits(change.before))
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
        const job = one && rows.job(one.jobId);
        if (job !== undefined) checkJob(rows, job, bad);
      }
      const job = held && rows.job(held.jobId);
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
      const job = rows.job(row.jobId);
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
      const job = rows.job(row.jobId);
      const runs = job?.kind === 'running' && job.slot === row.place && job.lane === row.lane;
      if ((change.after !== undefined) !== runs)
        bad(`running place ${row.lane} ${row.place} of job ${row.jobId}, which is ${job?.kind}`, [row.jobId]);
      return;
    }
    case 'spec': {
      const { jobId } = (change.after ?? change.before)!;
      const job = rows.job(jobId);
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

function checkJob(rows: PoolRows, job: Job, bad: Bad): void {
  const { jobId } = job;
  if (job.kind === 'queued' && !rows.waits(job))
    bad(`job ${jobId} is queued and has no place in the queue`, [jobId]);
  if (isFinal(job) === rows.hasSpec(jobId))
    bad(`job ${jobId} is ${job.kind}, and its secrets are ${isFinal(job) ? 'there' : 'gone'}`, [jobId]);
  if (job.kind !== 'running') return;
  const vm = rows.vm(job.vmId);
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
  if (job.slot !== undefined && rows.slot({ ...job, place: job.slot })?.jobId !== jobId)
    bad(`job ${jobId} runs without its running place ${job.slot}`, [jobId]);
}
