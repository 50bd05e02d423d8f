/** Jobs that nobody starts are cancelled after `limits.registeredMsMax`: they would hold their secrets for ever. */
import type { Tag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { cancelJob } from './cancel.ts';
import type { App } from './ports.ts';

/**
 * Touches only unfinished jobs that are old enough, at most `limits.sweepRows` a run, going on where the last one ended:
 * a job that was started late may be among them for long.
 */
export async function sweepUnstarted(app: App, tag: Tag): Promise<void> {
  const place = `unstarted|${tag}`;
  const after = app.cursors.get(place);
  const page = await app.store.list(
    { of: 'specs', tag, untilMs: app.clock.now() - limits.registeredMsMax },
    { limit: limits.sweepRows, ...(after === undefined ? {} : { after }) },
  );
  if (page.after === undefined) app.cursors.delete(place);
  else app.cursors.set(place, page.after);
  for (const { row } of page.rows) {
    const job = (await app.store.get('job', { jobId: row.jobId }))?.row;
    if (job?.kind === 'registered') await cancelJob(app, job, 'Nobody started it within 7 days.');
  }
}
