/** Jobs that nobody starts are cancelled after `limits.registeredMsMax`: they would hold their secrets for ever. */
import { registeredMsOf, type Tag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { cancelJob } from './cancel.ts';
import type { App } from './ports.ts';

/** At most `limits.sweepRows` unfinished jobs a run, going on where the last one ended. */
export async function sweepUnstarted(app: App, tag: Tag): Promise<void> {
  const place = `unstarted|${tag}`;
  const after = app.cursors.get(place);
  const page = await app.store.list(
    { of: 'specs', tag },
    after === undefined ? { limit: limits.sweepRows } : { limit: limits.sweepRows, after },
  );
  if (page.after === undefined) app.cursors.delete(place);
  else app.cursors.set(place, page.after);
  const dueMs = app.clock.now() - limits.registeredMsMax;
  for (const { row } of page.rows.filter((spec) => registeredMsOf(spec.row.jobId) <= dueMs)) {
    const job = (await app.store.get('job', { jobId: row.jobId }))?.row;
    if (job?.kind === 'registered') await cancelJob(app, job, 'Nobody started it within 7 days.');
  }
}
