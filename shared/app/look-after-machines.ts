/**
 * Machines that only the host of the VMs can start and end. Whoever asked for them, and the timer, which runs on one
 * host at a time too, may be on another one: so the host of the VMs looks for them by itself.
 */
import { tagOf, type Tag } from '../core/ids.ts';
import type { Vm } from '../core/vm.ts';
import { allRows, collect } from './all-rows.ts';
import { reconcile } from './reconcile.ts';
import type { App, Observation } from './ports.ts';

/** Reconciles the pools with such machines; where this host has seen to everything itself, it only reads. */
export async function lookAfterMachines(app: App): Promise<void> {
  const observed = await app.compute.observe();
  if (observed.holder === 'other') return;
  for await (const { row } of allRows(app, { of: 'live' })) {
    // A pool that rests has nothing left to do but what a host that was slow has left behind.
    if (row.dueMs > app.clock.now() && !hasMachines(observed, row.tag)) continue;
    const vms = (await collect(app, { of: 'vms', tag: row.tag })).map((stored) => stored.row);
    const isWanted = vms.some((vm) => isLeftToUs(app, vm) || hasDied(observed, vm));
    if (isWanted || hasStray(observed, row.tag, vms))
      await app.oneAtATime(`reconcile|${row.tag}`, () => reconcile(app, row.tag));
  }
}

function hasMachines({ running, exited }: Observation, tag: Tag): boolean {
  return [...running, ...exited.keys()].some((vmId) => tagOf(vmId) === tag);
}

/** Not started by anybody, or by a host that has ended. */
function isLeftToUs(app: App, vm: Vm): boolean {
  if (vm.kind === 'stopped') return false;
  return vm.hostId === undefined ? vm.kind === 'provisioning' : vm.hostId !== app.compute.hostId;
}

/** Only its own host can see that; the word of its exit may not have come through. */
function hasDied({ exited }: Observation, vm: Vm): boolean {
  return vm.kind !== 'stopped' && exited.has(vm.vmId);
}

/** A machine whose row has been ended elsewhere. */
function hasStray(observed: Observation, tag: string, vms: readonly Vm[]): boolean {
  const wanted = new Set(vms.flatMap((vm) => (vm.kind === 'stopped' ? [] : [vm.vmId])));
  return [...observed.running].some((vmId) => tagOf(vmId) === tag && !wanted.has(vmId));
}
