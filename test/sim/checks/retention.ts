/**
 * After weeks nothing is left of what is over: no job, no lifetime, no deleted pool, and no secret; the ledger stays.
 */
import { classicTag } from '../../../shared/core/ids.ts';
import { isFinal, type Job } from '../../../shared/core/job.ts';
import { limits } from '../../../shared/core/limits.ts';
import { tables } from '../../../shared/storage/row-places.ts';
import type { MakeCheck } from './check.ts';

/** Ticks are hours apart then, and each removes so many rows at most. */
const slackMs = 2 * 86_400_000;

export const retention: MakeCheck = ({ storage, violations, scheduler }) => ({
  atRest(rest) {
    if (rest !== 'aged') return;
    const bad = (text: string, id: string) => violations.add('retention', text, [id]);
    const since = scheduler.nowMs - limits.jobRetentionMs - slackMs;
    for (const tag of storage.shadow.partitions(tables.pools)) {
      if (tag !== classicTag) bad(`there are still rows of the pool ${tag}`, tag);
      for (const [rk, row] of storage.shadow.rows(tables.pools, tag)) {
        if (rk.startsWith('spec|')) bad(`${rk} still holds secrets`, tag);
        if (rk.startsWith('gone|') && (row as { atMs: number }).atMs < since)
          bad(`${rk} is still there`, tag);
        if (!rk.startsWith('job|')) continue;
        const job = row as Job;
        if (!isFinal(job)) bad(`${rk} is still ${job.kind}`, tag);
        else if (job.endMs < since) bad(`${rk} is still there, and ended at ${job.endMs}`, tag);
      }
    }
    for (const tag of storage.shadow.rows(tables.live, '0').keys())
      if (tag !== classicTag) bad(`the pool ${tag} is still looked after`, tag);
  },
});
