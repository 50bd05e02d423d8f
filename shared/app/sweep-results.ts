/** The SAS of a result is kept, encrypted, until it expires; then it goes, and the result's place stays (design: results). */
import { withoutTokens } from '../core/job.ts';
import type { Tag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import type { App, Stored, Write } from './ports.ts';
import type { Swept } from './sweep-rows.ts';

/** Two rows each in one transaction. */
const jobsPerCommit = limits.transactionRowsMax / 2;

/** Reads nothing but what has expired and not been swept: at most `limits.sweepRows` jobs a run. */
export async function sweepResults(app: App, tag: Tag): Promise<Swept> {
  const page = await app.store.list(
    { of: 'expiries', tag, beforeMs: app.clock.now() },
    { limit: limits.sweepRows },
  );
  let outcome: Swept = page.after === undefined ? 'done' : 'more';
  for (let at = 0; at < page.rows.length; at += jobsPerCommit) {
    const part = page.rows.slice(at, at + jobsPerCommit);
    const writes = (await Promise.all(part.map((stored) => forget(app, stored)))).flat();
    const done = await app.store.commit(writes);
    if (done.kind === 'conflict') outcome = 'more';
  }
  return outcome;
}

async function forget(app: App, { row }: Stored<'expiry'>): Promise<Write[]> {
  const job = await app.store.get('job', { jobId: row.jobId });
  const gone: Write = { do: 'remove', kind: 'expiry', key: row };
  if (job?.row.kind !== 'finished' && job?.row.kind !== 'failed') return [gone];
  return [{ do: 'replace', kind: 'job', row: withoutTokens(job.row), etag: job.etag }, gone];
}
