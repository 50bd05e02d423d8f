/** No healthy VM is stopped for being silent, however long storage, host or tick have paused. */
import { tagOf } from '../../../shared/core/ids.ts';
import { limits } from '../../../shared/core/limits.ts';
import { isLiving, isWorking, type Vm } from '../../../shared/core/vm.ts';
import type { MakeCheck } from './check.ts';

export const healthyVms: MakeCheck = ({ storage, violations, facts, hooks }) => {
  /** So long it has had to be heard: two looks and the beat between them. */
  const graceMs = limits.suspectMs;
  /** The lease runs from the later of the last beat and the assignment, and is over before anybody is in doubt. */
  const suspicion = (before: Vm | undefined, after: Vm, atMs: number) => {
    if (before === undefined || !isLiving(before) || !isLiving(after)) return;
    if (after.suspectMs === undefined || after.suspectMs === before.suspectMs) return;
    const fromMs = isWorking(after) ? Math.max(after.beatMs, after.job.assignedMs) : after.beatMs;
    if (atMs - fromMs < limits.leaseMs - 2 * facts.clockErrorMs)
      violations.add(
        'healthy-vms',
        `${after.vmId} is suspected ${atMs - fromMs} ms after it was last heard`,
        [after.vmId],
      );
  };
  storage.onChange('vm', ({ before, after }, { atMs }) => {
    if (after !== undefined) suspicion(before, after, atMs);
    if (after?.kind !== 'stopped' || before === undefined) return;
    if (before.kind === 'stopped' || before.kind === 'provisioning' || before.kind === 'stopping') return;
    if (before.kind === 'releasing' && before.after === 'stop') return;
    if (!/no sign of life|not leave in time/.test(after.cause)) return;
    const vm = facts.vms.get(after.vmId);
    if (vm === undefined || vm.endMs !== undefined || vm.doubled) return;
    if (atMs - vm.healthyFromMs < limits.leaseMs + graceMs) return;
    // Rightly in doubt while it was away, and not answered by anybody since it has come back.
    const wasAway = (before.suspectMs ?? Infinity) < vm.healthyFromMs;
    if (wasAway && (vm.lastAnsweredMs ?? 0) < vm.healthyFromMs) return;
    violations.add('healthy-vms', `${after.vmId} was fine and was stopped because ${after.cause}`, [
      after.vmId,
    ]);
  });
  hooks.onStop.push((vmId) => {
    const row = storage.shadow.get('vm', tagOf(vmId), `vm|${vmId}`);
    if (row !== undefined && row.kind !== 'stopped')
      violations.add('healthy-vms', `the machine of ${vmId} is stopped, and its row is ${row.kind}`, [vmId]);
  });
  return {};
};
