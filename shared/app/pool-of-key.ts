/** What an Idempotency-Key of an account names: a pool, one that is being made, or nothing yet. */
import type { Account } from '../core/account.ts';
import type { Pool } from '../core/pool.ts';
import type { Refused } from '../core/refusal.ts';
import { keepKey, lookUpKey, type CallerKey } from './caller-keys.ts';
import { poolById } from './pool-of-tag.ts';
import type { App, Write } from './ports.ts';

export type Named =
  /** `writes`: what keeps the key with a new pool. */
  | { readonly kind: 'nothing'; readonly writes: (pool: Pool) => Write[] }
  /** Reserved; its creator is still at it, or died there. */
  | { readonly kind: 'half-made'; readonly poolId: string; readonly createdMs: number }
  | { readonly kind: 'pool'; readonly pool: Pool }
  | Refused;

export function poolKey(account: Account, body: unknown, text: string): CallerKey<'poolKey'> {
  const { subscriptionId } = account;
  return { kind: 'poolKey', owner: { subscriptionId }, of: subscriptionId, text, body };
}

export async function poolOfKey(app: App, key: CallerKey<'poolKey'>): Promise<Named> {
  const known = await lookUpKey(app, key);
  if (known.kind === 'refused') return known;
  const writes = ({ poolId, createdMs }: Pool) => keepKey(app, key, known.places, { poolId, createdMs });
  if (known.kind === 'unused') return { kind: 'nothing', writes };
  const { poolId, createdMs } = known.row;
  const pool = (await poolById(app, poolId))?.row;
  if (pool === undefined) return { kind: 'half-made', poolId, createdMs };
  return isAbandoned(pool) ? { kind: 'nothing', writes } : { kind: 'pool', pool };
}

/** The tombstone of a creation that was given up: a pool that was one bills to a service. */
export function isAbandoned(pool: Pool): boolean {
  return pool.kind === 'deleted' && pool.serviceId === undefined;
}
