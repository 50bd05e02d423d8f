/** How long a VM bears with a storage that does not answer, and the repetition of calls that may be repeated. */
import { setTimeout as after } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';
import { tryBlob, type BlobCall, type BlobTry } from './blob-call.ts';

export type Patience = {
  /** One small call, and the silence allowed while a body is read. */
  readonly callMs: number;
  /** One block on its way up. */
  readonly stageMs: number;
  /** Without any progress for so long, the job fails with the storage's last words. */
  readonly giveUpMs: number;
};

export const defaultPatience: Patience = { callMs: 30_000, stageMs: 120_000, giveUpMs: 180_000 };

const retry = { firstMs: 100, maxMs: 10_000 };

/** Counts failures in a row: each pause is longer, and at some point there is none. */
export type Bearing = {
  /** Waits before the next try; `given-up` when there is to be none. Rejects with the signal's reason. */
  next(signal: AbortSignal): Promise<'try' | 'given-up'>;
  /** Something arrived: the count begins again. */
  progress(): void;
};

export function makeBearing(patience: Patience): Bearing {
  let failures = 0;
  let sinceMs = performance.now();
  return {
    next: async (signal) => {
      failures += 1;
      const pauseMs = backoffMs(retry, failures, Math.random());
      if (performance.now() + pauseMs - sinceMs > patience.giveUpMs) return 'given-up';
      await after(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      return 'try';
    },
    progress: () => {
      failures = 0;
      sinceMs = performance.now();
    },
  };
}

/** Repeats a call that is safe to repeat until the storage has said yes or no; `unheard` when patience ran out. */
export async function askBlob(call: BlobCall, patience: Patience, signal: AbortSignal): Promise<BlobTry> {
  const bearing = makeBearing(patience);
  for (;;) {
    const tried = await tryBlob(call, signal);
    if (tried.kind !== 'unheard' || (await bearing.next(signal)) === 'given-up') return tried;
  }
}
