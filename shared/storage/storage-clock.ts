/** Storage's time, estimated: a monotonic clock plus an offset that the `Date` headers of its replies confine. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../app/ports.ts';

export type StorageClock = Clock & {
  /** The monotonic clock: to be read right before a request is sent. */
  readonly monotonicMs: () => number;
  /** A reply has come now. `date`: its `Date` header; `sentMs`: when its request was sent, monotonic. */
  readonly heard: (date: string | undefined, sentMs: number) => void;
  /** How far `now` may be off: half the width of what the replies allow; infinite before the first. */
  readonly uncertaintyMs: () => number;
};

/** The sources of time, replaced in tests. */
export type LocalClocks = { readonly wallMs: () => number; readonly monotonicMs: () => number };

const local: LocalClocks = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

/** `Date` says the second in which the reply was made. */
const resolutionMs = 1_000;
/** How fast the monotonic clock may run away from storage's: what is known widens by this much. */
const driftPerMs = 2e-4;
/** A correction up to this much is waited out; a larger one (a wrong wall clock at the start) is a step. */
const holdMsMax = resolutionMs;

/** Until the first reply it is the local clock; then the value nearest to it that no reply contradicts. */
export function makeStorageClock(clocks: LocalClocks = local): StorageClock {
  /** Storage time minus monotonic time lies between these. */
  let known = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, atMs: clocks.monotonicMs() };
  let offsetMs = clocks.wallMs() - clocks.monotonicMs();
  let lastMs = 0;

  const now = () => {
    const ms = Math.floor(clocks.monotonicMs() + offsetMs);
    lastMs = ms < lastMs && lastMs - ms <= holdMsMax ? lastMs : ms;
    return lastMs;
  };

  const heard = (date: string | undefined, sentMs: number) => {
    const second = date === undefined ? Number.NaN : Date.parse(date);
    if (Number.isNaN(second)) return;
    const atMs = clocks.monotonicMs();
    // The header was made between sending and now, and within its second.
    const fresh = { low: second - atMs, high: second + resolutionMs - sentMs };
    const slack = (atMs - known.atMs) * driftPerMs;
    const low = Math.max(fresh.low, known.low - slack);
    const high = Math.min(fresh.high, known.high + slack);
    // What contradicts everything before it is believed: a clock was set, or the machine slept.
    known = low <= high ? { low, high, atMs } : { ...fresh, atMs };
    offsetMs = Math.min(Math.max(offsetMs, known.low), known.high);
  };

  return {
    now,
    heard,
    monotonicMs: clocks.monotonicMs,
    uncertaintyMs: () => (known.high - known.low) / 2,
    sleep,
  };
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  try {
    await pause(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error;
  }
}
