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

export type Pairing = { readonly vm: Idle; readonly wait: Wait };

/**
 * Pairs the head of the queue with the idle VMs. A VM whose lease is in doubt gets nothing new.
 * A classic VM (`owner` set) works only for its owner's jobs.
 */
export function pair(vms: readonly Vm[], queue: readonly Wait[], max: number): Pairing[] {
  const free = vms.filter((vm): vm is Idle => vm.kind === 'idle' && vm.suspectMs === undefined);
  const pairs: Pairing[] = [];
  const taken = new Set<VmId>();
  for (const wait of queue) {
    if (pairs.length === max || taken.size === free.length) break;
    const vm = free.find(
      (one) => !taken.has(one.vmId) && (one.owner === undefined || one.owner === wait.subscriptionId),
    );
    if (vm === undefined) continue;
    taken.add(vm.vmId);
    pairs.push({ vm, wait });
  }
  return pairs;
}
