/**
 * What a pool's VMs need, compared with what is there: decisions as values, acted on elsewhere. Level-triggered: the same
 * rows and the same observation give the same steps, however often. Pure.
 */
import { limits } from './limits.ts';
import type { Pool } from './pool.ts';
import {
  isLiving,
  isWorking,
  judgeLease,
  type Busy,
  type Draining,
  type Idle,
  type Living,
  type Provisioning,
  type Releasing,
  type Vm,
} from './vm.ts';

/** What the compute adapter saw, before the rows were read. */
export type Seen = {
  readonly holder: 'self' | 'other';
  readonly hostId: string;
  readonly running: ReadonlySet<string>;
  readonly exited: ReadonlyMap<string, string>;
};

export type HealthStep =
  /** The lease has lapsed: note it. */
  | { readonly kind: 'suspect'; readonly vm: Living }
  /** Dead or given up: its row stops at the last sign of life, its job goes on elsewhere, its machine is ended. */
  | { readonly kind: 'lose'; readonly vm: Provisioning | Living; readonly cause: string }
  /** A row without a machine: claim it and start one. */
  | { readonly kind: 'start'; readonly vm: Provisioning };

/** Where one VM stands; undefined when it needs nothing. */
export function judgeVm(vm: Vm, seen: Seen, nowMs: number, provisionMs: number): HealthStep | undefined {
  if (vm.kind === 'stopped') return undefined;
  const exit = seen.exited.get(vm.vmId);
  if (exit !== undefined) return { kind: 'lose', vm, cause: exit };
  if (seen.holder === 'self' && vm.hostId !== undefined && vm.hostId !== seen.hostId) {
    return { kind: 'lose', vm, cause: 'the host that it ran on has ended' };
  }
  if (vm.kind === 'provisioning') {
    if (nowMs - vm.createdMs > provisionMs) return { kind: 'lose', vm, cause: 'it did not come up in time' };
    return seen.holder === 'self' && !seen.running.has(vm.vmId) ? { kind: 'start', vm } : undefined;
  }
  const overdue = overdueIn(vm, nowMs);
  if (overdue !== undefined) return { kind: 'lose', vm, cause: `it did not leave in time (${overdue})` };
  switch (judgeLease(vm, nowMs)) {
    case 'held':
      return undefined;
    case 'suspect':
      return { kind: 'suspect', vm };
    case 'lost':
      return { kind: 'lose', vm, cause: 'it gave no sign of life' };
  }
}

/**
 * What it was told to do and has not done in time. One that is only to drop its job is overdue when its own beats say that
 * it is still at it: its question for work may be held by an instance that stands still, and a silent one may not have
 * been able to ask; its lease says the rest.
 */
function overdueIn(vm: Living, nowMs: number): string | undefined {
  if (vm.kind !== 'stopping' && vm.kind !== 'releasing') return undefined;
  const untilMs = vm.kind === 'releasing' && vm.after === 'idle' ? (vm.atItMs ?? vm.sinceMs) : nowMs;
  return untilMs - vm.sinceMs > limits.leaveMs ? vm.why : undefined;
}

export type SizeStep =
  /** New rows, at most `limits.vmsPerAddMax`. */
  | { readonly kind: 'add'; readonly count: number }
  | { readonly kind: 'take-back'; readonly vm: Draining }
  | { readonly kind: 'call-off'; readonly vm: Provisioning }
  | { readonly kind: 'tell-to-stop'; readonly vm: Idle | Releasing }
  | { readonly kind: 'drain'; readonly vm: Busy }
  /** Its job goes back to its place in the queue. */
  | { readonly kind: 'requeue'; readonly vm: Busy };

/**
 * Steps from the present VMs to the wanted number. Shrinking: VMs that are not up go first, then idle ones, then busy
 * ones drain (or give their job back on request). Growing takes draining ones back first.
 * @param wanted the number to reach
 * @param vmsMax what lives never exceeds it
 */
export function decideSize(
  pool: Pool,
  vms: readonly Vm[],
  wanted: number,
  vmsMax: number,
  nowMs: number,
): SizeStep[] {
  const counted = vms.filter(counts);
  const excess = counted.length - wanted;
  if (excess > 0) return shrink(counted, excess, pool.wish.busyVms);
  const back = vms.filter((vm) => vm.kind === 'draining').slice(0, -excess);
  const steps: SizeStep[] = back.map((vm) => ({ kind: 'take-back', vm }));
  const living = vms.filter((vm) => vm.kind !== 'stopped').length;
  const missing = Math.min(-excess - back.length, vmsMax - living, limits.vmsPerAddMax);
  if (missing > 0 && nowMs >= pool.backoff.retryAtMs) steps.push({ kind: 'add', count: missing });
  return steps;
}

/** What classic processing wants: VMs for what waits and works; one that has been idle for long leaves. */
export function classicDemand(vms: readonly Vm[], queued: number, vmsMax: number, nowMs: number): number {
  const working = vms.filter((vm) => isLiving(vm) && isWorking(vm)).length;
  const stale = vms.filter((vm) => vm.kind === 'idle' && nowMs - vm.sinceMs > limits.classicIdleMs).length;
  const kept = vms.filter(counts).length - stale;
  return Math.min(vmsMax, Math.max(working + queued, kept));
}

function counts(vm: Vm): vm is Provisioning | Idle | Busy | Releasing {
  return (
    vm.kind === 'provisioning' ||
    vm.kind === 'idle' ||
    vm.kind === 'busy' ||
    (vm.kind === 'releasing' && vm.after === 'idle')
  );
}

const order = { provisioning: 0, idle: 1, releasing: 2, busy: 3 } as const;

function shrink(
  counted: readonly (Provisioning | Idle | Busy | Releasing)[],
  excess: number,
  busyVms: 'drain' | 'requeue',
): SizeStep[] {
  const going = counted
    .toSorted((a, b) => order[a.kind] - order[b.kind] || a.sinceMs - b.sinceMs)
    .slice(0, excess);
  return going.map((vm): SizeStep => {
    switch (vm.kind) {
      case 'provisioning':
        return { kind: 'call-off', vm };
      case 'idle':
      case 'releasing':
        return { kind: 'tell-to-stop', vm };
      case 'busy':
        return { kind: busyVms, vm };
    }
  });
}
