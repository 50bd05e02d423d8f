/** Who gets which VM: queued jobs in the order of their start, idle VMs in the order of their ids. Pure. */
import type { JobId, SubscriptionId, VmId } from './ids.ts';
import type { Idle, Vm } from './vm.ts';

/** A queued job's place: the row whose deletion is the one-winner token of dispatch. */
export type Wait = {
  readonly poolId: string;
  readonly lane: string;
  readonly startedMs: number;
  readonly jobId: JobId;
  /** Whose job it is: classic VMs work for one account only. */
  readonly subscriptionId: SubscriptionId;
};

/** One of the running places of a classic endpoint: made at dispatch, gone at the job's end. */
export type Slot = {
  readonly poolId: string;
  readonly lane: string;
  /** 0 to `limits.classicRunningMax` - 1. */
  readonly place: number;
  readonly jobId: JobId;
};

export type Pairing = { readonly vm: Idle; readonly wait: Wait };

/** Waiting jobs of several lanes in the one order that is promised: by start, then by id. */
export function inOrder(queue: readonly Wait[]): Wait[] {
  return queue.toSorted((a, b) => a.startedMs - b.startedMs || (a.jobId < b.jobId ? -1 : 1));
}

/** The places of a lane that nobody has, lowest first. */
export function freePlaces(taken: readonly number[], max: number): number[] {
  const known = new Set(taken);
  return Array.from({ length: max }, (_, place) => place).filter((place) => !known.has(place));
}

/**
 * Pairs the head of the queue with the idle VMs. A VM whose lease is in doubt gets nothing new.
 * A classic VM (`owner` set) works only for its owner's jobs.
 * @param room how many more of a lane may run: a lane without room holds up nobody
 */
export function pair(
  vms: readonly Vm[],
  queue: readonly Wait[],
  max: number,
  room?: ReadonlyMap<string, number>,
): Pairing[] {
  const free = vms.filter((vm): vm is Idle => vm.kind === 'idle' && vm.suspectMs === undefined);
  const pairs: Pairing[] = [];
  const taken = new Set<VmId>();
  const left = new Map(room);
  for (const wait of queue) {
    if (pairs.length === max || taken.size === free.length) break;
    if (room !== undefined && (left.get(wait.lane) ?? 0) <= 0) continue;
    const vm = free.find(
      (one) => !taken.has(one.vmId) && (one.owner === undefined || one.owner === wait.subscriptionId),
    );
    if (vm === undefined) continue;
    taken.add(vm.vmId);
    left.set(wait.lane, (left.get(wait.lane) ?? 0) - 1);
    pairs.push({ vm, wait });
  }
  return pairs;
}
