/** Removal of rows that nobody changes any more: the oldest of a range, some at a time; what is left is the next run's. */
import { limits } from '../core/limits.ts';
import type { App, Range, Stored, Write } from './ports.ts';

/** `more`: the run ended before the range did, or another instance was quicker with some of it. */
export type Swept = 'done' | 'more';

/** Removes at most `limits.sweepRows` rows of a range that holds nothing but old ones: no cursor is needed. */
export async function sweepRange(
  app: App,
  range: Extract<Range, { of: 'gone' | 'job-keys' | 'pool-keys' }>,
): Promise<Swept> {
  const page = await app.store.list(range, { limit: limits.sweepRows });
  const removed = await removeRows(app, page.rows);
  return page.after === undefined ? removed : 'more';
}

/** At most 100 a transaction. One that meets a row which another instance has removed is left to the next run. */
export async function removeRows(app: App, rows: readonly Stored[]): Promise<Swept> {
  const writes = rows.map((stored) => ({ do: 'remove', kind: stored.kind, key: stored.row }) as Write);
  let outcome: Swept = 'done';
  for (let at = 0; at < writes.length; at += limits.transactionRowsMax) {
    const done = await app.store.commit(writes.slice(at, at + limits.transactionRowsMax));
    if (done.kind === 'conflict') outcome = 'more';
  }
  return outcome;
}
