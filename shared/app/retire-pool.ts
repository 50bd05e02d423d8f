/** A deleted pool is looked at now and then until its last job, secret and lifetime has gone; then it goes itself. */
import { tagOf } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import type { Live, Pool } from '../core/pool.ts';
import { releaseReservation, rest } from './finish-deletion.ts';
import type { App } from './ports.ts';
import { sweepPool } from './sweep-pool.ts';

type Deleted = Extract<Pool, { kind: 'deleted' }>;

export async function retirePool(app: App, pool: Deleted): Promise<void> {
  const tag = tagOf(pool.poolId);
  const nowMs = app.clock.now();
  await releaseReservation(app, pool);
  // Due as it is: the next tick goes on.
  if ((await sweepPool(app, pool)) === 'more') return;
  if (nowMs - pool.atMs < limits.jobRetentionMs || !(await isAlone(app, pool)))
    return rest(app, pool, nextLookMs(pool, nowMs));
  const live = await app.store.get('live', { tag });
  if (live === undefined) return;
  if (live.row.goneMs === undefined) {
    // First of all: whoever finds no pool from now on knows that none was ever half made here.
    const leaving = { ...live.row, goneMs: nowMs };
    const noted = await app.store.commit([{ do: 'replace', kind: 'live', row: leaving, etag: live.etag }]);
    if (noted.kind === 'conflict') return;
  }
  await app.store.commit([{ do: 'remove', kind: 'pool', key: pool }]);
  await forgetPool(app, live.row);
}

/** What ends within days is looked for now and then, and from then on nothing ends before the jobs' time is over. */
function nextLookMs({ atMs }: Deleted, nowMs: number): number {
  const endMs = atMs + limits.jobRetentionMs;
  const isQuiet = nowMs - atMs > quietMs && nowMs < endMs;
  return isQuiet ? endMs : nowMs + limits.sweepSeldomMs;
}

/** Tokens of results have expired by then, and idempotency keys are swept by whole days. */
const quietMs = Math.max(limits.resultSasMs, 2 * limits.idempotencyMs) + limits.sweepSeldomMs;

/** The last row that a pool loses. */
export async function forgetPool(app: App, { tag }: Pick<Live, 'tag'>): Promise<void> {
  await app.store.commit([{ do: 'remove', kind: 'live', key: { tag } }]);
  app.log('pool-retired', { tag });
}

async function isAlone(app: App, { poolId }: Deleted): Promise<boolean> {
  const { rows } = await app.store.list({ of: 'pool-rows', tag: tagOf(poolId) }, { limit: 2 });
  return rows.every((stored) => stored.kind === 'pool');
}
