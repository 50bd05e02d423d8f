/**
 * Every classic job that was started is one transaction on the ledger, once, with the run of the attempt that ended it.
 */
import { useOf } from '../../../shared/core/metering.ts';
import { isFinal } from '../../../shared/core/job.ts';
import type { MakeCheck } from './check.ts';

export const classicBill: MakeCheck = ({ storage, violations }) => {
  const due = new Map<string, string>();
  const bad = (text: string, jobId: string) => violations.add('classic-bill', text, [jobId]);
  storage.onChange('job', ({ before, after }) => {
    if (after === undefined || !isFinal(after) || before?.kind === after.kind) return;
    const use = useOf(after);
    if (use !== undefined) due.set(use.jobId, `${use.planId} ${use.fromMs} ${use.toMs}`);
  });
  storage.onChange('line', ({ after }) => {
    if (after?.kind !== 'classic') return;
    const { jobId, planId, fromMs, toMs } = after;
    const wanted = due.get(jobId);
    if (wanted !== `${planId} ${fromMs} ${toMs}`)
      bad(`job ${jobId} is posted as ${planId} ${fromMs} ${toMs}, and is due as ${wanted}`, jobId);
    due.delete(jobId);
  });
  return {
    atRest() {
      for (const [jobId, text] of due) bad(`job ${jobId} was never posted (${text})`, jobId);
    },
  };
};
