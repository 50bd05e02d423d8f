/** Rows of the past, as many as wanted, written below the use cases. */
import type { Kind, Rows } from '../../shared/app/ports.ts';
import { makeJobId, makeVmId, tagOf } from '../../shared/core/ids.ts';
import { expiryOf, type Finished } from '../../shared/core/job.ts';
import { encode } from '../../shared/storage/codec.ts';
import type { Op } from '../../shared/storage/table.ts';
import { subscriptionId, type World } from './world.ts';

const batchRows = 99;

const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0');

/** `count` finished jobs of a pool, registered and ended one ms after the other from `fromMs` on. */
export function finishedJobs(
  { service, app }: World,
  poolId: string,
  count: number,
  fromMs: number,
  tookMs = 0,
): Finished[] {
  return Array.from({ length: count }, (_, n) => {
    const jobId = makeJobId(tagOf(poolId), fromMs + n, hex(n, 9));
    const tokenSealed = app.secrets.seal('?sig=x', `job|${subscriptionId}|${jobId}`);
    return {
      kind: 'finished',
      jobId,
      poolId,
      subscriptionId,
      serviceId: service.serviceId,
      lane: '0',
      registeredMs: fromMs + n,
      attempt: 1,
      losses: 0,
      rows: 1,
      endMs: fromMs + n + tookMs,
      results: { output1: { baseLocation: 'https://x/', relativeLocation: 'a/b.csv', tokenSealed } },
    };
  });
}

export const expiriesOf = (jobs: readonly Finished[]) => jobs.flatMap((one) => expiryOf(one) ?? []);

export function lifetimes(poolId: string, count: number, fromMs: number): Rows['gone'][] {
  return Array.from({ length: count }, (_, n) => {
    const vmId = makeVmId(tagOf(poolId), hex(n, 20));
    return { vmId, poolId, createdMs: fromMs, atMs: fromMs + n, cause: 'it said goodbye' };
  });
}

export function jobKeys(poolId: string, count: number, day: number): Rows['jobKey'][] {
  return Array.from({ length: count }, (_, n) => ({
    poolId,
    jobId: poolId,
    day,
    keyHash: hex(n, 64),
    bodyHash: '',
    createdMs: 0,
  }));
}

export async function writeRows<K extends Kind>(
  { table }: World,
  kind: K,
  rows: readonly Rows[K][],
): Promise<void> {
  const encoded = rows.map((row) => encode(kind, row, '0'.repeat(32)));
  for (let at = 0; at < encoded.length; at += batchRows) {
    const part = encoded.slice(at, at + batchRows);
    const ops = part.map(({ place, properties }): Op => ({ do: 'create', rk: place.rk, properties }));
    const { place } = part[0]!;
    const done = await table.transact(place.table, place.pk, ops);
    if (done.kind === 'conflict') throw new Error(`the row ${done.at} does not fit: ${done.why}`);
  }
}
