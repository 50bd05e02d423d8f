/** A VM ends its job: results, the job's end, the VM's freedom and, where one waits, its next job in one transaction. */
import type { VmId } from '../core/ids.ts';
import { fail, finish, type Failed, type Finished, type Job, type Running } from '../core/job.ts';
import type { Findings, Result } from '../core/job.ts';
import { limits } from '../core/limits.ts';
import type { RowErrorCounts } from '../core/row-errors.ts';
import type { FinishCall, NextReply } from '../core/vm-protocol.ts';
import { drain, free, type Working } from '../core/vm.ts';
import { assignmentOf } from './assignment.ts';
import { endWrites } from './end-job.ts';
import { commitEnding, type Left } from './finish-together.ts';
import { jobContext, openSpec, type JobSpec } from './job-spec.ts';
import { lookAgain } from './look-again.ts';
import { nudge, nudgeDispatch } from './nudge.ts';
import type { App, BlobPlace, Stored } from './ports.ts';
import { holds, isMine, lookForWork, stop } from './vm-calls.ts';

/** Answered with the next assignment when there is one; repeated, or for a job that is no longer its own, with what the VM should do. */
export async function finishJob(app: App, vmId: VmId, call: FinishCall): Promise<NextReply> {
  let poolId: string | undefined;
  const reply = await lookAgain<NextReply>(app, async (recallMs) => {
    const { jobId, attempt } = call;
    const stored = await app.store.recall(
      'vm',
      { vmId },
      recallMs,
      (row) => isMine(row, call.nonce) && holds(row, call),
    );
    const vm = stored?.row;
    if (stored === undefined || vm === undefined || !isMine(vm, call.nonce))
      return stop('this VM is no longer wanted');
    // Only then: what a VM does not hold is not even looked at.
    if (!holds(vm, call)) return lookForWork(app, vmId, call.nonce, 0);
    const isHeld = (row: Job) => row.kind === 'running' && row.attempt === attempt;
    const [job, spec] = await Promise.all([
      app.store.recall('job', { jobId }, recallMs, isHeld),
      app.store.recall('spec', { jobId }, recallMs),
    ]);
    const outcome = await endJob(app, { ...stored, row: vm as Working }, job, spec, call);
    if (outcome === 'conflict') return 'conflict';
    poolId = vm.poolId;
    switch (outcome.vm.kind) {
      case 'stopping':
        return stop(outcome.vm.why);
      case 'idle':
        // Dispatch comes first, then one look at what it has brought.
        return { kind: 'wait', pauseMs: 0 };
      case 'busy': {
        // The rows are as they have just been written: only what the next job was asked to do is still to be read.
        const assignment = outcome.next && (await assignmentOf(app, outcome.next));
        return assignment === undefined
          ? lookForWork(app, vmId, call.nonce, 0)
          : { kind: 'work', assignment };
      }
    }
  });
  if (poolId !== undefined && reply.kind === 'wait') {
    await nudgeDispatch(app, poolId);
    return lookAgain(app, (recallMs) => lookForWork(app, vmId, call.nonce, recallMs));
  }
  if (poolId !== undefined && reply.kind === 'stop') await nudge(app, poolId);
  return reply;
}

async function endJob(
  app: App,
  stored: Stored<'vm'> & { row: Working },
  job: Stored<'job'> | undefined,
  spec: Stored<'spec'> | undefined,
  call: FinishCall,
): Promise<Left | 'conflict'> {
  const vm = stored.row;
  if (job?.row.kind !== 'running' || job.row.attempt !== call.attempt || spec === undefined)
    return 'conflict';
  const nowMs = app.clock.now();
  const ended = end(app, job.row, openSpec(app, job.row.subscriptionId, spec.row), call, nowMs);
  const freed = free(call.after === 'leave' && vm.kind === 'busy' ? drain(vm, nowMs) : vm, nowMs);
  return commitEnding(app, { vm: stored, freed, writes: endWrites(job, ended) });
}

function end(app: App, job: Running, spec: JobSpec, call: FinishCall, nowMs: number): Finished | Failed {
  const errorsAt = (counts: RowErrorCounts | undefined): Pick<Findings, 'errors'> =>
    counts === undefined ? {} : { errors: { ...counts, file: resultAt(app, job, spec.errors, nowMs) } };
  switch (call.outcome.kind) {
    case 'finished': {
      const results = Object.entries(spec.outputs).map(
        ([name, place]) => [name, resultAt(app, job, place, nowMs)] as const,
      );
      const { rows, rowErrors, unseen } = call.outcome;
      return finish(job, rows, Object.fromEntries(results), nowMs, {
        ...errorsAt(rowErrors),
        ...(unseen === undefined ? {} : { unseen }),
      });
    }
    case 'failed': {
      const { code, message, rowErrors } = call.outcome;
      return fail(job, code, message, nowMs, errorsAt(rowErrors));
    }
  }
}

/** The BES triple: base with a slash at its end, relative without one at its beginning, token that begins with `?`. */
function resultAt(app: App, job: Running, place: BlobPlace, nowMs: number): Result {
  const relative = place.name.split('/').map(encodeURIComponent).join('/');
  const token = app.callerBlobs.token(place, 'r', nowMs + limits.resultSasMs);
  return {
    baseLocation: `${place.endpoint}/`,
    relativeLocation: `${place.container}/${relative}`,
    tokenSealed: app.secrets.seal(token, jobContext(job.subscriptionId, job.jobId)),
  };
}
