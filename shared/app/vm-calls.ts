/** The VM protocol: hello, next, beat, bye. Every call may be repeated, and a stranger under the same id is turned away. */
import { tagOf, type PoolId, type VmId } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { noBackoff } from '../core/pool.ts';
import type { BeatCall, BeatReply, HelloReply, NextReply, Stop } from '../core/vm-protocol.ts';
import {
  beat,
  isLiving,
  isWorking,
  leave,
  ready,
  released,
  strayBeat,
  type Living,
  type Vm,
} from '../core/vm.ts';
import { assignmentOf } from './assignment.ts';
import { lookAgain } from './look-again.ts';
import { commitLoss } from './lose-vm.ts';
import { nudge, nudgeDispatch } from './nudge.ts';
import { watchPool } from './watch-pool.ts';
import type { App, Stored } from './ports.ts';

/** Provisioning has finished: billing begins. Repeated by the same process it says the same. */
export async function hello(app: App, vmId: VmId, nonce: string): Promise<HelloReply> {
  let poolId: string | undefined;
  const reply = await lookAgain<HelloReply>(app, async () => {
    const stored = await app.store.get('vm', { vmId });
    if (stored === undefined || stored.row.kind === 'stopped') return stop('this VM is no longer wanted');
    const vm = stored.row;
    poolId = vm.poolId;
    if (vm.kind !== 'provisioning') {
      if (vm.nonce === nonce) return { kind: 'welcome' };
      const lost = await commitLoss(app, stored, vm, 'a second process came under its id');
      return lost === 'done' ? stop('another process has this VM id') : 'conflict';
    }
    const row = ready(vm, nonce, app.clock.now());
    return (await replaceVm(app, stored, row)) === 'done' ? { kind: 'welcome' } : 'conflict';
  });
  if (poolId !== undefined && reply.kind === 'welcome') {
    await forgiveFailures(app, poolId);
    await nudgeDispatch(app, poolId);
  }
  return reply;
}

/** Waits up to the configured hold for an assignment. Asking means that no job is being worked on. */
export async function next(app: App, vmId: VmId, nonce: string): Promise<NextReply> {
  const untilMs = app.clock.now() + app.config.vmHoldMs;
  // The first look is at the row as it is; what wakes it up afterwards is mostly a commit of this very process.
  let woken = 0;
  for (;;) {
    const ear = app.wakeups.listen(vmId);
    try {
      const reply = await lookAgain(app, (recallMs) =>
        lookForWork(app, vmId, nonce, Math.min(woken, recallMs)),
      );
      if (reply.kind !== 'wait') return reply;
      const leftMs = untilMs - app.clock.now();
      // A process that ends answers at once; what is held would hold up its end.
      if (app.closing.aborted) return { kind: 'wait', pauseMs: 1_000 };
      if (leftMs <= 0) return { kind: 'wait', pauseMs: app.config.vmHoldMs === 0 ? 5_000 : 0 };
      watchPool(app, tagOf(vmId));
      woken = (await ear.wait(leftMs)) ? limits.recallMs : 0;
    } finally {
      ear.close();
    }
  }
}

/**
 * What the VM's row says it should do now.
 * @param recallMs work that this process has given it within that time need not be read again
 */
export async function lookForWork(
  app: App,
  vmId: VmId,
  nonce: string,
  recallMs: number,
): Promise<NextReply | 'conflict'> {
  const stored = await app.store.recall(
    'vm',
    { vmId },
    recallMs,
    (row) => isMine(row, nonce) && isWorking(row),
  );
  const vm = stored?.row;
  if (stored === undefined || vm === undefined || !isMine(vm, nonce))
    return stop('this VM is no longer wanted');
  switch (vm.kind) {
    case 'idle':
      return { kind: 'wait', pauseMs: 0 };
    case 'busy':
    case 'draining': {
      const { jobId } = vm.job;
      const job = (await app.store.recall('job', { jobId }, recallMs, (row) => row.kind === 'running'))?.row;
      if (job?.kind !== 'running' || job.attempt !== vm.job.attempt) return 'conflict';
      const assignment = await assignmentOf(app, job);
      return assignment === undefined ? 'conflict' : { kind: 'work', assignment };
    }
    case 'releasing': {
      const row = released(vm, app.clock.now());
      if ((await replaceVm(app, stored, row)) === 'conflict') return 'conflict';
      if (row.kind === 'stopping') return stop(row.why);
      await nudgeDispatch(app, vm.poolId);
      return lookForWork(app, vmId, nonce, 0);
    }
    case 'stopping':
      return stop(vm.why);
  }
}

/** A sign of life, written on the VM's own row, conditionally. */
export function takeBeat(app: App, vmId: VmId, call: BeatCall): Promise<BeatReply> {
  return lookAgain<BeatReply>(app, async () => {
    const stored = await app.store.get('vm', { vmId });
    const vm = stored?.row;
    if (stored === undefined || vm === undefined || !isMine(vm, call.nonce))
      return stop('this VM is no longer wanted');
    const still = call.job === undefined || holds(vm, call.job);
    const row = still ? beat(vm, app.clock.now(), call.job) : strayBeat(vm, app.clock.now());
    if ((await replaceVm(app, stored, row)) === 'conflict') return 'conflict';
    if (!still) return { kind: 'drop' };
    return vm.kind === 'stopping' && call.job === undefined ? stop(vm.why) : { kind: 'go-on' };
  });
}

/** Its end, by its own word: billed to now. */
export async function bye(app: App, vmId: VmId, nonce: string): Promise<{ kind: 'bye' }> {
  const poolId = await lookAgain(app, async () => {
    const stored = await app.store.get('vm', { vmId });
    const vm = stored?.row;
    if (stored === undefined || vm === undefined || !isMine(vm, nonce)) return undefined;
    const left = isWorking(vm)
      ? await commitLoss(app, stored, vm, 'it left in the middle of the job')
      : await replaceVm(app, stored, leave(vm, app.clock.now()));
    return left === 'done' ? vm.poolId : 'conflict';
  });
  if (poolId !== undefined) await nudge(app, poolId);
  return { kind: 'bye' };
}

export function stop(why: string): Stop {
  return { kind: 'stop', why };
}

export function isMine(vm: Vm, nonce: string): vm is Living {
  return isLiving(vm) && vm.nonce === nonce;
}

export function holds(vm: Living, job: { jobId: string; attempt: number }): boolean {
  return isWorking(vm) && vm.job.jobId === job.jobId && vm.job.attempt === job.attempt;
}

async function replaceVm(app: App, stored: Stored<'vm'>, row: Vm): Promise<'done' | 'conflict'> {
  return (await app.store.commit([{ do: 'replace', kind: 'vm', row, etag: stored.etag }])).kind;
}

/** A VM came up: replacements are no longer held back. */
async function forgiveFailures(app: App, poolId: PoolId): Promise<void> {
  const stored = await app.store.get('pool', { poolId });
  if (stored === undefined || stored.row.backoff.failures === 0) return;
  await app.store.commit([
    { do: 'replace', kind: 'pool', row: { ...stored.row, backoff: noBackoff }, etag: stored.etag },
  ]);
}
