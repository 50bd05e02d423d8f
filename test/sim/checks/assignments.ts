/** No process works on two jobs, and every process that works on a job was given it: as attempt, by its own row. */
import type { Vm } from '../../../shared/core/vm.ts';
import { isLiving, isWorking } from '../../../shared/core/vm.ts';
import { tables } from '../../../shared/storage/row-places.ts';
import type { MakeCheck } from './check.ts';

export const assignments: MakeCheck = ({ storage, violations, facts, hooks }) => {
  const given = new Map<string, string>();
  storage.onCommit(({ table, changes }) => {
    if (table !== tables.pools) return;
    for (const change of changes) {
      if (change.kind !== 'vm' || change.after === undefined) continue;
      const vm: Vm = change.after;
      if (!isLiving(vm) || !isWorking(vm)) continue;
      const name = `${vm.job.jobId} ${vm.job.attempt}`;
      const to = given.get(name) ?? vm.vmId;
      if (to !== vm.vmId)
        violations.add('assignments', `${name} is given to ${to} and to ${vm.vmId}`, [
          vm.vmId,
          to,
          vm.job.jobId,
        ]);
      given.set(name, vm.vmId);
      if (facts.vms.get(vm.vmId)?.helloSentMs === undefined)
        violations.add('assignments', `${vm.vmId} has work, and its process has never said hello`, [vm.vmId]);
    }
  });
  hooks.onWork.push(({ vmId, jobId, attempt }) => {
    if (given.get(`${jobId} ${attempt}`) !== vmId)
      violations.add('assignments', `${vmId} works on ${jobId}, attempt ${attempt}, which is not its own`, [
        vmId,
        jobId,
      ]);
  });
  return {};
};
