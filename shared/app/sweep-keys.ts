/** Idempotency keys that are kept no more, removed page by page. */
import { isSweepable } from '../core/idempotency.ts';
import { limits } from '../core/limits.ts';
import type { App, Range, Write } from './ports.ts';

/** After the end of a range it rests so long. */
const restMs = 3_600_000;
/** Where this process is in a range is remembered so long; forgotten, it begins anew. */
const placeMs = 24 * 3_600_000;

/** One page of a pool's job keys (a tag) or of an account's pool keys (a subscription id); the next call goes on from there. */
export async function sweepKeys(app: App, owner: string): Promise<void> {
  const place = await app.memory.recall(`sweep-keys|${owner}`, placeMs, async () => {
    return { after: '', restUntilMs: 0 };
  });
  const nowMs = app.clock.now();
  if (nowMs < place.restUntilMs) return;
  const page = await app.store.list(rangeOf(owner), place.after === '' ? {} : { after: place.after });
  const old = page.rows
    .filter(({ row }) => isSweepable(row, nowMs))
    .map((stored) => ({ do: 'remove', kind: stored.kind, key: stored.row }) as Write);
  for (let at = 0; at < old.length; at += limits.transactionRowsMax) {
    // A conflict: another instance sweeps here too, and what is left is found the next time round.
    await app.store.commit(old.slice(at, at + limits.transactionRowsMax));
  }
  place.after = page.after ?? '';
  if (page.after === undefined) place.restUntilMs = nowMs + restMs;
}

const tagDigits = 12;

function rangeOf(owner: string): Extract<Range, { of: 'job-keys' | 'pool-keys' }> {
  return owner.length === tagDigits
    ? { of: 'job-keys', tag: owner }
    : { of: 'pool-keys', subscriptionId: owner };
}
