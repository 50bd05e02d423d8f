/**
 * A VM's life. Pure: time comes in as `nowMs`. Every instant written is the maximum of now and all instants already
 * in the row, so that the stamps of two instances never go backwards.
 *
 * provisioning -> idle <-> busy -> ... -> stopped; draining = busy, then stop; releasing = told to drop its job.
 */
import type { JobId, PoolId, SubscriptionId, VmId } from './ids.ts';
import { limits } from './limits.ts';
import type { Done } from './vm-protocol.ts';

/** (jobId, attempt) names an assignment. */
export type Assigned = { readonly jobId: JobId; readonly attempt: number; readonly assignedMs: number };

export type VmCommon = {
  readonly vmId: VmId;
  readonly poolId: PoolId;
  /** Whose machine it is: the incarnation of the host that started it (local compute), or `batch`. */
  readonly hostId?: string;
  readonly createdMs: number;
  /** When the present state began. */
  readonly sinceMs: number;
  /** Every instant before this is on the ledger. */
  readonly postedToMs?: number;
};

/** What a VM has from its `hello` on. */
export type Alive = {
  /** Chosen by the process at its boot: a second process under the same id is refused. */
  readonly nonce: string;
  /** Billing begins here. */
  readonly readyMs: number;
  /** Last sign of life that was written. */
  readonly beatMs: number;
  /** A look found the lease lapsed; cleared by the next beat. */
  readonly suspectMs?: number;
  /** Classic VMs work for one account only. */
  readonly owner?: SubscriptionId;
};

export type Provisioning = VmCommon & { readonly kind: 'provisioning' };
export type Idle = VmCommon & Alive & { readonly kind: 'idle' };
export type Busy = VmCommon & Alive & Done & { readonly kind: 'busy'; readonly job: Assigned };
export type Draining = VmCommon & Alive & Done & { readonly kind: 'draining'; readonly job: Assigned };
export type Releasing = VmCommon &
  Alive & {
    readonly kind: 'releasing';
    readonly after: 'idle' | 'stop';
    readonly why: string;
    /** Its last beat that named the job which it was to drop. */
    readonly atItMs?: number;
  };
export type Stopping = VmCommon & Alive & { readonly kind: 'stopping'; readonly why: string };
export type Stopped = VmCommon & {
  readonly kind: 'stopped';
  /** Absent: it never said hello and costs nothing. */
  readonly readyMs?: number;
  /** Billing ends here. */
  readonly atMs: number;
  readonly cause: string;
  /** `failed`: it did not leave by itself and counts for the pause before its replacement. */
  readonly end: 'left' | 'failed';
};

export type Vm =
  /** A row that wants a machine. The compute adapter starts it; `hello` or a time limit moves it on. */
  | Provisioning
  /** Ready, waits in `next`. The dispatcher moves it on. */
  | Idle
  /** Runs a job. `finish` moves it on. */
  | Busy
  /** Runs its last job, then stops. */
  | Draining
  /** Told to drop its job; its next call moves it on, or `limits.leaveMs`. */
  | Releasing
  /** Told to leave; its `bye` moves it on, or `limits.leaveMs`. */
  | Stopping
  /** Terminal: posted to its end, then kept as a lifetime. */
  | Stopped;

export type Living = Exclude<Vm, Provisioning | Stopped>;
export type Working = Busy | Draining;

export function isLiving(vm: Vm): vm is Living {
  return vm.kind !== 'provisioning' && vm.kind !== 'stopped';
}

export function isWorking(vm: Vm): vm is Working {
  return vm.kind === 'busy' || vm.kind === 'draining';
}

export function provision(vmId: VmId, poolId: PoolId, nowMs: number): Provisioning {
  return { kind: 'provisioning', vmId, poolId, createdMs: nowMs, sinceMs: nowMs };
}

/** `hello`: provisioning has finished, billing begins. */
export function ready(vm: Provisioning, nonce: string, nowMs: number): Idle {
  const atMs = later(vm, nowMs);
  return { ...common(vm), kind: 'idle', nonce, readyMs: atMs, beatMs: atMs, sinceMs: atMs };
}

/** The lease of the assignment runs from now, however long ago the last idle beat was. */
export function occupy(
  vm: Idle,
  job: Omit<Assigned, 'assignedMs'>,
  nowMs: number,
  owner?: SubscriptionId,
): Busy {
  const atMs = later(vm, nowMs);
  const { suspectMs: _, ...unsuspected } = alive(vm);
  const life = owner === undefined ? unsuspected : { ...unsuspected, owner };
  return {
    ...common(vm),
    ...life,
    kind: 'busy',
    job: { ...job, assignedMs: atMs },
    rowsDone: 0,
    sinceMs: atMs,
  };
}

/** The job of a working VM has ended; a draining one stops. The call is a sign of life. */
export function free(vm: Working, nowMs: number): Idle | Stopping {
  const atMs = later(vm, nowMs);
  const base = { ...common(vm), ...beaten(vm, atMs), sinceMs: atMs };
  return vm.kind === 'busy' ? { ...base, kind: 'idle' } : { ...base, kind: 'stopping', why: 'drained' };
}

/** A sign of life, and how far the job is. */
export function beat<V extends Living>(vm: V, nowMs: number, done?: Done): V {
  const progress = isWorking(vm) && done !== undefined ? further(vm, done) : {};
  const row = { ...vm, beatMs: later(vm, nowMs), ...progress };
  if (row.suspectMs === undefined) return row;
  const { suspectMs: _, ...unsuspected } = row;
  return unsuspected as V;
}

/** A sign of life that names a job which is no longer its own. */
export function strayBeat(vm: Living, nowMs: number): Living {
  const row = beat(vm, nowMs);
  return row.kind === 'releasing' ? { ...row, atItMs: row.beatMs } : row;
}

/** Calls may overtake each other. */
function further(vm: Done, { rowsDone, bytesDone }: Done): Done {
  const rows = { rowsDone: Math.max(vm.rowsDone, rowsDone) };
  return bytesDone === undefined ? rows : { ...rows, bytesDone: Math.max(vm.bytesDone ?? 0, bytesDone) };
}

export function drain(vm: Busy, nowMs: number): Draining {
  return { ...vm, kind: 'draining', sinceMs: later(vm, nowMs) };
}

/** A pool that grows again takes a draining VM back. */
export function takeBack(vm: Draining, nowMs: number): Busy {
  return { ...vm, kind: 'busy', sinceMs: later(vm, nowMs) };
}

/** Its job is no longer its own. `then` is `stop` for one that was draining anyway. */
export function release(vm: Working, after: 'idle' | 'stop', why: string, nowMs: number): Releasing {
  return {
    ...common(vm),
    ...alive(vm),
    kind: 'releasing',
    after: vm.kind === 'draining' ? 'stop' : after,
    why,
    sinceMs: later(vm, nowMs),
  };
}

/** It has dropped its job and asks for another. */
export function released(vm: Releasing, nowMs: number): Idle | Stopping {
  const atMs = later(vm, nowMs);
  const base = { ...common(vm), ...beaten(vm, atMs), sinceMs: atMs };
  return vm.after === 'idle' ? { ...base, kind: 'idle' } : { ...base, kind: 'stopping', why: vm.why };
}

export function tellToStop(vm: Idle | Releasing, why: string, nowMs: number): Stopping {
  return { ...common(vm), ...alive(vm), kind: 'stopping', why, sinceMs: later(vm, nowMs) };
}

/** Its own goodbye: billed to now. */
export function leave(vm: Living, nowMs: number): Stopped {
  const atMs = later(vm, nowMs);
  const cause = vm.kind === 'stopping' || vm.kind === 'releasing' ? vm.why : 'it said goodbye';
  return { ...common(vm), kind: 'stopped', readyMs: vm.readyMs, atMs, cause, end: 'left', sinceMs: atMs };
}

/** Dead or given up: billed to its last sign of life, which no later evidence can contradict. */
export function lose(vm: Provisioning | Living, cause: string, nowMs: number): Stopped {
  const base = { ...common(vm), kind: 'stopped', cause, end: 'failed', sinceMs: later(vm, nowMs) } as const;
  return vm.kind === 'provisioning'
    ? { ...base, atMs: vm.createdMs }
    : { ...base, readyMs: vm.readyMs, atMs: vm.beatMs };
}

/** A machine that is no longer wanted and has not said hello. */
export function callOff(vm: Provisioning, why: string, nowMs: number): Stopped {
  return {
    ...common(vm),
    kind: 'stopped',
    atMs: vm.createdMs,
    cause: why,
    end: 'left',
    sinceMs: later(vm, nowMs),
  };
}

export function suspect<V extends Living>(vm: V, nowMs: number): V {
  return { ...vm, suspectMs: later(vm, nowMs) };
}

/**
 * Two looks before a VM is lost. The lease runs from the later of last beat and assignment.
 * `suspect`: note it; `lost`: noted at least `limits.suspectMs` ago and no beat since.
 */
export function judgeLease(vm: Living, nowMs: number): 'held' | 'suspect' | 'lost' {
  const fromMs = isWorking(vm) ? Math.max(vm.beatMs, vm.job.assignedMs) : vm.beatMs;
  if (nowMs - fromMs <= limits.leaseMs) return 'held';
  if (vm.suspectMs === undefined) return 'suspect';
  return nowMs - vm.suspectMs >= limits.suspectMs ? 'lost' : 'held';
}

/** The row of a VM that this host is about to start: nobody else starts it, and it dies with this host. */
export function claim(vm: Provisioning, hostId: string): Provisioning {
  return { ...vm, hostId };
}

/** Everything before `toMs` is on the ledger. */
export function posted<V extends Vm>(vm: V, toMs: number): V {
  return { ...vm, postedToMs: Math.max(toMs, vm.postedToMs ?? 0) };
}

/** Now, or the latest instant already in the row. */
function later(vm: Vm, nowMs: number): number {
  let atMs = Math.max(nowMs, vm.createdMs, vm.sinceMs);
  if (isLiving(vm)) atMs = Math.max(atMs, vm.readyMs, vm.beatMs);
  if (isLiving(vm) && isWorking(vm)) atMs = Math.max(atMs, vm.job.assignedMs);
  return atMs;
}

function common(vm: Vm): Omit<VmCommon, 'sinceMs'> {
  return {
    vmId: vm.vmId,
    poolId: vm.poolId,
    createdMs: vm.createdMs,
    ...(vm.hostId === undefined ? {} : { hostId: vm.hostId }),
    ...(vm.postedToMs === undefined ? {} : { postedToMs: vm.postedToMs }),
  };
}

function alive(vm: Living): Alive {
  return {
    nonce: vm.nonce,
    readyMs: vm.readyMs,
    beatMs: vm.beatMs,
    ...(vm.suspectMs === undefined ? {} : { suspectMs: vm.suspectMs }),
    ...(vm.owner === undefined ? {} : { owner: vm.owner }),
  };
}

function beaten(vm: Living, atMs: number): Alive {
  const { suspectMs: _, ...rest } = alive(vm);
  return { ...rest, beatMs: atMs };
}
