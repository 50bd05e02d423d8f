/** A host that goes in order takes its VMs off first: billed to now, their jobs back in the queue, nothing counted as a loss. */
import { isLiving, isWorking, leave, callOff } from '../core/vm.ts';
import { collect } from './all-rows.ts';
import { lookAgain } from './look-again.ts';
import { commitLoss } from './lose-vm.ts';
import type { App, Observation, Stored } from './ports.ts';

/** For the VMs that this incarnation started; whoever starts next finds rows that tell the truth. */
export async function retireHost(app: App): Promise<void> {
  const observed = await app.compute.observe();
  for (const { row: live } of await collect(app, { of: 'live' })) {
    const vms = await collect(app, { of: 'vms', tag: live.tag });
    const mine = vms.filter((stored) => stored.row.hostId === app.compute.hostId);
    await Promise.all(mine.map((stored) => lookAgain(app, () => retire(app, stored.row.vmId, observed))));
  }
}

async function retire(app: App, vmId: string, seen: Observation): Promise<'done' | 'conflict'> {
  const stored: Stored<'vm'> | undefined = await app.store.get('vm', { vmId });
  if (stored === undefined || stored.row.kind === 'stopped') return 'done';
  const vm = stored.row;
  // One whose end nobody has noted yet is billed to its last sign of life, as ever.
  if (isLiving(vm) && !seen.running.has(vmId))
    return commitLoss(app, stored, vm, seen.exited.get(vmId) ?? 'its process had ended');
  if (isLiving(vm) && isWorking(vm))
    return commitLoss(app, stored, vm, 'the host that it ran on was stopped');
  const row = isLiving(vm)
    ? leave(vm, app.clock.now())
    : callOff(vm, 'its host was stopped', app.clock.now());
  return (await app.store.commit([{ do: 'replace', kind: 'vm', row, etag: stored.etag }])).kind;
}
