/** A caller's Idempotency-Key: written in the transaction that creates what it names, kept for `limits.idempotencyMs`. Pure. */
import type { JobId, PoolId, SubscriptionId } from './ids.ts';
import { limits } from './limits.ts';

type Kept = {
  /** The day that the row is named after, in days since 1970. */
  readonly day: number;
  /** SHA-256 of the key, of whom it belongs to and of its day, hex: keys are the caller's and may hold anything. */
  readonly keyHash: string;
  /** SHA-256 of the body as it was understood, hex. */
  readonly bodyHash: string;
  readonly createdMs: number;
};
/** A job's key counts within its pool. */
export type JobKey = Kept & { readonly poolId: PoolId; readonly jobId: JobId };
export type PoolKey = Kept & { readonly subscriptionId: SubscriptionId; readonly poolId: PoolId };

/** Longer than a request and its last write, whatever the difference of two instances' clocks. */
const marginMs = 3 * limits.requestMsMax;

/**
 * The days whose rows say that a key is in use. A row is named after a day so that none is ever written again once its
 * day is over: only then may a sweep remove it, since removals are unconditional. Close to midnight both days' rows are
 * written, so that two callers on either side of it still meet.
 */
export function daysToWrite(nowMs: number): readonly number[] {
  return [...new Set([dayOf(nowMs - marginMs), dayOf(nowMs + marginMs)])];
}

/** The days whose rows may hold a key that is still kept. */
export function daysToRead(nowMs: number): readonly number[] {
  return [dayOf(nowMs) - 1, dayOf(nowMs)];
}

export function isKept(key: Kept, nowMs: number): boolean {
  return nowMs - key.createdMs < limits.idempotencyMs;
}

/** Rows of days before this one are neither read nor written any more: the last of them ended a day ago. */
export function firstDayInUse(nowMs: number): number {
  return dayOf(nowMs) - 1;
}

/** JSON of a value whatever the order of its members; those that are null count as absent. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value)
    .filter(([, member]) => member !== null && member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}

function dayOf(ms: number): number {
  return Math.floor(ms / limits.idempotencyMs);
}
