/** Final jobs are kept for `limits.jobRetentionMs` after their end. What they cost stays on the ledger. */
import { classicTag, type Tag } from '../core/ids.ts';
import { isPastRetention } from '../core/job.ts';
import { limits } from '../core/limits.ts';
import type { App } from './ports.ts';
import { removeRows, type Swept } from './sweep-rows.ts';

/**
 * Looks only at jobs that were registered so long ago, at most `limits.sweepRows` a run, going on where the last one
 * ended: some may be unfinished, or ended late. A job's other rows have gone with its end (secrets, place in the queue,
 * running place) or go by their own times (idempotency key, expiry of its results).
 */
export async function sweepJobs(app: App, tag: Tag): Promise<Swept> {
  const place = `old-jobs|${tag}`;
  const nowMs = app.clock.now();
  const after = app.cursors.get(place);
  const page = await app.store.list(
    { of: 'jobs', tag, untilMs: Math.max(0, nowMs - limits.jobRetentionMs) },
    { limit: limits.sweepRows, ...(after === undefined ? {} : { after }) },
  );
  const owedMs = page.rows.length === 0 ? undefined : await oldestUse(app, tag);
  const old = page.rows.filter(
    ({ row }) => isPastRetention(row, nowMs) && (owedMs === undefined || row.endMs < owedMs),
  );
  const removed = await removeRows(app, old);
  if (page.after === undefined) app.cursors.delete(place);
  else app.cursors.set(place, page.after);
  return page.after === undefined ? removed : 'more';
}

/** When the oldest job ended that is not on the ledger yet: posting reads it. */
async function oldestUse(app: App, tag: Tag): Promise<number | undefined> {
  if (tag !== classicTag) return undefined;
  return (await app.store.list({ of: 'uses', tag }, { limit: 1 })).rows[0]?.row.toMs;
}
