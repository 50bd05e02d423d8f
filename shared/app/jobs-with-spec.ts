/** Jobs that still have their spec: a job's is removed with its end. */
import type { Tag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import type { App, Stored } from './ports.ts';

/** The jobs of a pool that have not ended, newest first, and what is just ending; a page is read side by side. */
export async function* jobsWithSpec(app: App, tag: Tag): AsyncGenerator<Stored<'job'>> {
  let after: string | undefined;
  do {
    const from = after === undefined ? {} : { after };
    const page = await app.store.list({ of: 'specs', tag }, { limit: limits.sideBySideMax, ...from });
    const jobs = await Promise.all(page.rows.map(({ row }) => app.store.get('job', { jobId: row.jobId })));
    yield* jobs.filter((job) => job !== undefined);
    after = page.after;
  } while (after !== undefined);
}
