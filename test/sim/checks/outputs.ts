/** A result is one attempt's and whole; it is never written over unseen; and no job is finished without its own. */
import { tagOf } from '../../../shared/core/ids.ts';
import type { MakeCheck } from './check.ts';

export const outputs: MakeCheck = ({ storage, violations, facts, hooks }) => {
  const bad = (text: string, ids: readonly string[]) => violations.add('outputs', text, ids);
  hooks.onOutput.push(({ jobId, attempt, body, seen, before, madeOf, vmId, url }) => {
    const ids = [jobId, vmId];
    if (before !== seen)
      bad(
        `job ${jobId}, attempt ${attempt}, wrote over version ${before} of ${url}, having seen ${seen}`,
        ids,
      );
    const own = `${jobId}${String(attempt).padStart(5, '0')}`;
    if (madeOf.some((block) => block !== own))
      bad(`the result of ${jobId} is made of ${madeOf.join(' and ')}`, ids);
    if (!body.startsWith(`${jobId} ${attempt} of `) || !body.endsWith('.'))
      bad(`the result of ${jobId}, attempt ${attempt}, is "${body.slice(0, 80)}"`, ids);
    const job = storage.shadow.get('job', tagOf(jobId), `job|${jobId}`);
    if (job === undefined || job.attempt < attempt) bad(`job ${jobId} has never had attempt ${attempt}`, ids);
    if (!facts.committed.has(jobId)) facts.committed.set(jobId, storage.nowMs);
  });
  storage.onChange('job', ({ before, after }) => {
    if (after?.kind !== 'finished' || before?.kind === 'finished') return;
    const { jobId } = after;
    if (!facts.committed.has(jobId))
      bad(`job ${jobId} is finished, and nobody has written its result`, [jobId]);
  });
  return {};
};
