/** No process works on two jobs, and every process that works on a job was given it: as attempt, by its own row. */
import type { MakeCheck } from './check.ts';
import { isSame, workOf } from './work-of.ts';

export const assignments: MakeCheck = ({ storage, violations, facts, hooks }) => {
  const given = new Map<string, string>();
  storage.onChange('vm', ({ before, after }) => {
    const job = workOf(after);
    if (after === undefined || job === undefined || isSame(job, workOf(before))) return;
    const { vmId } = after;
    const name = `${job.jobId} ${job.attempt}`;
    const to = given.get(name) ?? vmId;
    if (to !== vmId)
      violations.add('assignments', `${name} is given to ${to} and to ${vmId}`, [vmId, to, job.jobId]);
    given.set(name, vmId);
    if (facts.vms.get(vmId)?.helloSentMs === undefined)
      violations.add('assignments', `${vmId} has work, and its process has never said hello`, [vmId]);
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
