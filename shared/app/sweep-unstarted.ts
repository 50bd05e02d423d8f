/** Jobs that nobody starts, or can start any more, are cancelled: they would hold their secrets for ever. */
import { tagOf } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import type { Pool } from '../core/pool.ts';
import { cancelJob } from './cancel.ts';
import type { App } from './ports.ts';
import type { Swept } from './sweep-rows.ts';

/**
 * Touches only unfinished jobs that are old enough, at most `limits.sweepRows` a run, going on where the last one ended:
 * one that was started late may be among them for long.
 * @param leaveMs since its registration; `limits.registeredMsMax`, or 0 in a pool that is going
 */
export async function sweepUnstarted(app: App, pool: Pool, leaveMs: number): Promise<Swept> {
  const tag = tagOf(pool.poolId);
  const place = `unstarted|${tag}`;
  const after = app.cursors.get(place);
  const page = await app.store.list(
    { of: 'specs', tag, untilMs: app.clock.now() - leaveMs },
    { limit: limits.sweepRows, ...(after === undefined ? {} : { after }) },
  );
  const reason =
    pool.kind === 'active'
      ? 'Nobody started it within 7 days.'
      : 'Its pool was deleted before it was started.';
  for (const { row } of page.rows) {
    const job = (await app.store.get('job', { jobId: row.jobId }))?.row;
    if (job?.kind === 'registered') await cancelJob(app, job, reason);
  }
  if (page.after === undefined) app.cursors.delete(place);
  else app.cursors.set(place, page.after);
  return page.after === undefined ? 'done' : 'more';
}
