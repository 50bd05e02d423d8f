/** A VM ends its job: results, the job's end, the VM's freedom and, where one waits, its next job in one transaction. */
import { classicTag, tagOf, type VmId } from '../core/ids.ts';
import { assign, fail, finish, type Failed, type Finished, type Running } from '../core/job.ts';
import type { Result } from '../core/job.ts';
import { limits } from '../core/limits.ts';
import type { FinishCall, NextReply } from '../core/vm-protocol.ts';
import { drain, free, type Busy, type Idle, type Stopping, type Working } from '../core/vm.ts';
import { assignmentOf } from './assignment.ts';
import { occupied } from './dispatch.ts';
import { endWrites } from './end-job.ts';
import { jobContext, openSpec, type JobSpec } from './job-spec.ts';
import { lookAgain } from './look-again.ts';
import { nudge, nudgeDispatch } from './nudge.ts';
import { poolOfTag } from './pool-of-tag.ts';
import type { App, BlobPlace, Stored, Write } from './ports.ts';
import { holds, isMine, lookForWork, stop } from './vm-calls.ts';

/** Answered with the next assignment when there is one; repeated, or for a job that is no longer its own, with what the VM should do. */
export async function finishJob(app: App, vmId: VmId, call: FinishCall): Promise<NextReply> {
  let poolId: string | undefined;
  const reply = await lookAgain<NextReply>(app, async () => {
    const { jobId } = call;
    const [stored, job, spec] = await Promise.all([
      app.store.get('vm', { vmId }),
      app.store.get('job', { jobId }),
      app.store.get('spec', { jobId }),
    ]);
    const vm = stored?.row;
    if (stored === undefined || vm === undefined || !isMine(vm, call.nonce))
      return stop('this VM is no longer wanted');
    if (!holds(vm, call)) return lookForWork(app, vmId, call.nonce);
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
        return assignment === undefined ? lookForWork(app, vmId, call.nonce) : { kind: 'work', assignment };
      }
    }
  });
  if (poolId !== undefined && reply.kind === 'wait') {
    await nudgeDispatch(app, poolId);
    return lookAgain(app, () => lookForWork(app, vmId, call.nonce));
  }
  if (poolId !== undefined && reply.kind === 'stop') await nudge(app, poolId);
  return reply;
}

/** What the VM is after its job's end, and the job that it has been given in the same transaction. */
type Left = { readonly vm: Idle | Busy | Stopping; readonly next?: Running };

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
  const writes: Write[] = endWrites(job, ended);
  const following = freed.kind === 'idle' ? await takeNext(app, freed, nowMs) : undefined;
  const row = following?.vm ?? freed;
  writes.push({ do: 'replace', kind: 'vm', row, etag: stored.etag }, ...(following?.writes ?? []));
  const done = await app.store.commit(writes);
  if (done.kind === 'conflict') return 'conflict';
  return following === undefined ? { vm: row } : { vm: row, next: following.job };
}

function end(app: App, job: Running, spec: JobSpec, call: FinishCall, nowMs: number): Finished | Failed {
  switch (call.outcome.kind) {
    case 'finished': {
      const results = Object.entries(spec.outputs).map(
        ([name, place]) => [name, resultAt(app, job, place, nowMs)] as const,
      );
      return finish(job, call.outcome.rows, Object.fromEntries(results), nowMs);
    }
    case 'failed':
      return fail(job, call.outcome.code, call.outcome.message, nowMs);
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

/** The head of the queue, for a VM that is free now. Whatever does not fit is left to dispatch. */
async function takeNext(
  app: App,
  vm: Idle,
  nowMs: number,
): Promise<{ vm: Busy; job: Running; writes: Write[] } | undefined> {
  const tag = tagOf(vm.vmId);
  // Classic lanes are served in one order by dispatch, which sees them all.
  if (app.config.dispatch === 'timer' || tag === classicTag) return undefined;
  const [head, pool] = await Promise.all([
    app.store.list({ of: 'queue', tag }, { limit: 1 }),
    poolOfTag(app, tag),
  ]);
  const wait = head.rows[0]?.row;
  if (wait === undefined || pool?.row.kind !== 'active' || pool.row.hold !== undefined) return undefined;
  const job = await app.store.get('job', { jobId: wait.jobId });
  if (job?.row.kind !== 'queued' || job.row.startedMs !== wait.startedMs) return undefined;
  const running = assign(job.row, vm.vmId, nowMs);
  return {
    vm: occupied(vm, wait, running.attempt, nowMs),
    job: running,
    writes: [
      { do: 'remove', kind: 'wait', key: wait },
      { do: 'replace', kind: 'job', row: running, etag: job.etag },
    ],
  };
}
