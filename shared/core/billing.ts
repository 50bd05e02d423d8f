/**
 * What a VM's time costs whom: lifetimes cut into whole UTC hours, posted once there is evidence. Pure.
 *
 * Evidence before posting, so nothing is ever corrected: an hour is posted when the VM's own beat lies at or after its
 * end, or when the VM is stopped. A lost VM is stopped at its last beat, so no posted hour can be contradicted later.
 */
import type { JobId, PlanId, PoolId, VmId } from './ids.ts';
import { hourMs, type Usage } from './plan.ts';
import { isLiving, type Stopped, type Vm } from './vm.ts';

/** One immutable line of the ledger; its key (plan, tag, hour, subject) makes a second posting a no-op. */
export type Line = {
  readonly planId: PlanId;
  readonly poolId: PoolId;
  /** Start of the hour that it belongs to. */
  readonly hourMs: number;
  readonly fromMs: number;
  readonly toMs: number;
} & (
  | { readonly kind: 'vm'; readonly vmId: VmId }
  /** A classic job: one transaction and the run time of the attempt that ended it. */
  | { readonly kind: 'classic'; readonly jobId: JobId }
);

/** What of a VM's life one hour holds. */
export type Slice = {
  readonly vmId: VmId;
  readonly poolId: PoolId;
  readonly hourMs: number;
  readonly fromMs: number;
  readonly toMs: number;
};

/** A stopped VM's lifetime, kept for timelines. */
export type Gone = {
  readonly vmId: VmId;
  readonly poolId: PoolId;
  readonly createdMs: number;
  readonly readyMs?: number;
  readonly atMs: number;
  readonly cause: string;
};

export function hourOf(atMs: number): number {
  return Math.floor(atMs / hourMs) * hourMs;
}

/** The whole hours (and the last, broken one of a stopped VM) that can be posted now: at most `max`, oldest first. */
export function postable(vm: Vm, max: number): Slice[] {
  if (vm.kind === 'stopped') {
    return vm.readyMs === undefined ? [] : slices(vm, vm.postedToMs ?? vm.readyMs, vm.atMs, max);
  }
  if (!isLiving(vm)) return [];
  return slices(vm, vm.postedToMs ?? vm.readyMs, hourOf(vm.beatMs), max);
}

/** Everything that is not posted yet, up to the last sign of life: what a user is shown beside the ledger. */
export function unposted(vm: Vm): Slice[] {
  if (vm.kind === 'provisioning' || vm.readyMs === undefined) return [];
  const toMs = vm.kind === 'stopped' ? vm.atMs : vm.beatMs;
  return slices(vm, vm.postedToMs ?? vm.readyMs, toMs, Number.POSITIVE_INFINITY);
}

/** A stopped VM that is posted to its end leaves nothing to do. */
export function isSettled(vm: Stopped): boolean {
  return vm.readyMs === undefined || (vm.postedToMs ?? vm.readyMs) >= vm.atMs;
}

export function goneOf(vm: Stopped): Gone {
  return {
    vmId: vm.vmId,
    poolId: vm.poolId,
    createdMs: vm.createdMs,
    ...(vm.readyMs === undefined ? {} : { readyMs: vm.readyMs }),
    atMs: vm.atMs,
    cause: vm.cause,
  };
}

export function lengthMs(span: { readonly fromMs: number; readonly toMs: number }): number {
  return span.toMs - span.fromMs;
}

export function usageOf(line: Line): Usage {
  return line.kind === 'vm'
    ? { poolMs: lengthMs(line), classicMs: 0, transactions: 0 }
    : { poolMs: 0, classicMs: lengthMs(line), transactions: 1 };
}

function slices(vm: Vm, fromMs: number, toMs: number, max: number): Slice[] {
  const found: Slice[] = [];
  let atMs = fromMs;
  while (atMs < toMs && found.length < max) {
    const endMs = Math.min(toMs, hourOf(atMs) + hourMs);
    found.push({ vmId: vm.vmId, poolId: vm.poolId, hourMs: hourOf(atMs), fromMs: atMs, toMs: endMs });
    atMs = endMs;
  }
  return found;
}
