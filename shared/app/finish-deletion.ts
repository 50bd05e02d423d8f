/** The last steps of a pool's deletion; each repeats harmlessly, and the pool is `deleting` until the quota is given back. */
import { tagOf } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { endDeletion, type Pool } from '../core/pool.ts';
import { lookAgain } from './look-again.ts';
import type { App, Stored } from './ports.ts';

export async function finishDeletion(app: App, pool: Stored<'pool'>): Promise<void> {
  if (pool.row.kind !== 'deleting') return;
  await releaseReservation(app, pool.row);
  const row = endDeletion(pool.row, app.clock.now());
  const done = await app.store.commit([{ do: 'replace', kind: 'pool', row, etag: pool.etag }]);
  if (done.kind === 'conflict') return;
  // By then the requests that found it active have ended: what they have left is swept.
  await rest(app, row, app.clock.now() + 3 * limits.requestMsMax);
}

/** The pool is next looked at then. */
export async function rest(app: App, { poolId }: Pool, dueMs: number): Promise<void> {
  const live = await app.store.get('live', { tag: tagOf(poolId) });
  if (live === undefined || live.row.dueMs >= dueMs) return;
  await app.store.commit([{ do: 'replace', kind: 'live', row: { ...live.row, dueMs }, etag: live.etag }]);
}

/** The reservation's row is the token: it can be given back once. */
export function releaseReservation(
  app: App,
  { subscriptionId, poolId }: { subscriptionId: string; poolId: string },
): Promise<void> {
  return lookAgain(app, async () => {
    const [account, reservation] = await Promise.all([
      app.store.get('account', { subscriptionId }),
      app.store.get('reservation', { subscriptionId, poolId }),
    ]);
    if (account === undefined || reservation === undefined) return;
    const row = { ...account.row, pools: account.row.pools - 1 };
    const done = await app.store.commit([
      { do: 'replace', kind: 'account', row, etag: account.etag },
      { do: 'remove', kind: 'reservation', key: { subscriptionId, poolId } },
    ]);
    return done.kind === 'conflict' ? 'conflict' : undefined;
  });
}
