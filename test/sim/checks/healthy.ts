/** No healthy VM is stopped for being silent, however long storage, host or tick have paused. */
import { limits } from '../../../shared/core/limits.ts';
import type { MakeCheck } from './check.ts';

/** So long it has had to be heard: two looks and the beat between them. */
const graceMs = limits.suspectMs;

export const healthyVms: MakeCheck = ({ storage, violations, facts }) => {
  storage.onCommit(({ changes, atMs }) => {
    for (const change of changes) {
      if (change.kind !== 'vm' || change.after?.kind !== 'stopped' || change.before === undefined) continue;
      const { before, after } = change;
      if (before.kind === 'stopped' || before.kind === 'provisioning' || before.kind === 'stopping') continue;
      if (before.kind === 'releasing' && before.after === 'stop') continue;
      if (!/no sign of life|not leave in time/.test(after.cause)) continue;
      const vm = facts.vms.get(after.vmId);
      if (vm === undefined || vm.endMs !== undefined || vm.doubled) continue;
      if (atMs - vm.healthyFromMs < limits.leaseMs + graceMs) continue;
      violations.add('healthy-vms', `${after.vmId} was fine and was stopped because ${after.cause}`, [after.vmId]);
    }
  });
  return {};
};
