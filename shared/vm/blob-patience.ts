/** How long a VM bears with a storage that does not answer, and the repetition of calls that may be repeated. */
import { setTimeout as after } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';
import { tryBlob, type BlobCall, type BlobTry } from './blob-call.ts';

export type Patience = {
  /** One small call, and the silence allowed while a body is read. */
  readonly callMs: number;
  /** One block on its way up. */
  readonly stageMs: number;
  /** A host that has not answered anything yet is given up after so long: nothing is lost with it but the wait. */
  readonly silenceMs: number;
  /** Without any progress for so long, the job fails with the storage's last words. */
  readonly giveUpMs: number;
  /** Names of hosts that may lie on this machine or where no caller may reach: our own storage's. Default none. */
  readonly openHosts?: readonly string[];
  /** Sends and repeats a call, where time is virtual. Default: over HTTP, in real time. */
  readonly ask?: (call: BlobCall, signal: AbortSignal) => Promise<BlobTry>;
};

/** A dead host may not keep a VM from the jobs behind it: far less than a storage in trouble is given. */
export const defaultPatience: Patience = {
  callMs: 10_000,
  stageMs: 120_000,
  silenceMs: 30_000,
  giveUpMs: 180_000,
};

/** With a host that has answered before: work would be lost with it. */
export function withKnownHost(patience: Patience): Patience {
  return { ...patience, silenceMs: patience.giveUpMs };
}

const retry = { firstMs: 100, maxMs: 10_000 };

/** Counts failures in a row: each pause is longer, and at some point there is none. */
export type Bearing = {
  /** Waits before the next try; `given-up` when there is to be none. Rejects with the signal's reason. */
  next(signal: AbortSignal): Promise<'try' | 'given-up'>;
  /** What is left of the patience: no call need take longer. At least 1 ms. */
  leftMs(): number;
  /** The host has answered, if only that it is in trouble. */
  heard(): void;
  /** Something arrived: the count begins again. */
  progress(): void;
  /** Why it was given up: names the host and how long it was waited for. */
  lastWords(url: string, why: string): string;
};

export function makeBearing(patience: Patience): Bearing {
  let failures = 0;
  let sinceMs = performance.now();
  let host: 'silent' | 'answering' = 'silent';
  const limitMs = () =>
    host === 'silent' ? Math.min(patience.silenceMs, patience.giveUpMs) : patience.giveUpMs;
  const leftMs = () => sinceMs + limitMs() - performance.now();
  return {
    next: async (signal) => {
      failures += 1;
      const pauseMs = backoffMs(retry, failures, Math.random());
      if (pauseMs > leftMs()) return 'given-up';
      await after(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      return 'try';
    },
    leftMs: () => Math.max(1, leftMs()),
    heard: () => {
      host = 'answering';
    },
    progress: () => {
      failures = 0;
      sinceMs = performance.now();
    },
    lastWords: (url, why) => {
      const what = host === 'silent' ? 'did not answer within' : 'gave no answer to go on with for';
      return `its host ${new URL(url).host} ${what} ${Math.round(limitMs() / 1_000)} s (${why})`;
    },
  };
}

/** Repeats a call that is safe to repeat until the storage has said yes or no; `unheard` when patience ran out. */
export async function askBlob(call: BlobCall, patience: Patience, signal: AbortSignal): Promise<BlobTry> {
  if (patience.ask !== undefined) return patience.ask(call, signal);
  const bearing = makeBearing(patience);
  for (;;) {
    const callMs = Math.min(call.callMs, bearing.leftMs());
    const tried = await tryBlob({ ...call, callMs, openHosts: patience.openHosts ?? [] }, signal);
    if (tried.kind !== 'unheard') return tried;
    if (tried.from === 'host') bearing.heard();
    if ((await bearing.next(signal)) === 'given-up')
      return { ...tried, why: bearing.lastWords(call.url, tried.why) };
  }
}
