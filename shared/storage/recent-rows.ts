/** Rows as this process has last written or read them: what is replaced conditionally need not be read again first. */
import { tagOf } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import type { Clock, Keys, Kind, Recalled, Stored, Write } from '../app/ports.ts';

type Entry = { readonly stored: Stored; readonly sinceMs: number };

/** A generation ends when its rows are of use to nobody any more, or take up so many bytes: 1 KiB besides what they carry. */
const bytesMax = 16 * 1_024 * 1_024;
const rowBytes = 1_024;

export type RecentRows = {
  /** The row of that name if it is younger than `forMs`. */
  recall(name: string | undefined, forMs: number): Stored | undefined;
  /** It has been read: what was remembered of another version is forgotten. */
  seen(name: string | undefined, stored: Stored | undefined): void;
  /** It has been read, and is remembered unless it has been written since the reading began. */
  readSince(name: string | undefined, before: Stored | undefined, stored: Stored): void;
  /** @param etag of the row that was written; '' when it has gone, or is not known to be there as it was written */
  wrote(write: Write, etag: string): void;
  /** What is remembered, however old. */
  peek(name: string | undefined): Stored | undefined;
};

/** Own commits are remembered, and forgotten as soon as anything says that they are outdated. */
export function makeRecentRows(clock: Clock): RecentRows {
  // The older generation goes as a whole: to look for the oldest row in a map means to walk over all that has been deleted.
  let older = new Map<string, Entry>();
  let younger = new Map<string, Entry>();
  let bytes = 0;
  let beganMs = clock.now();

  function known(name: string | undefined): Entry | undefined {
    if (name === undefined) return undefined;
    return younger.get(name) ?? older.get(name);
  }

  function forget(name: string): void {
    younger.delete(name);
    older.delete(name);
  }

  function remember(name: string, stored: Stored): void {
    const nowMs = clock.now();
    if (bytes > bytesMax || nowMs - beganMs > limits.recallMs) {
      older = younger;
      younger = new Map();
      bytes = 0;
      beganMs = nowMs;
    }
    younger.set(name, { stored, sinceMs: nowMs });
    bytes += rowBytes + carried(stored);
  }

  return {
    recall(name, forMs) {
      const entry = known(name);
      return entry !== undefined && clock.now() - entry.sinceMs < forMs ? entry.stored : undefined;
    },
    seen(name, stored) {
      const entry = known(name);
      if (name !== undefined && entry !== undefined && entry.stored.etag !== stored?.etag) forget(name);
    },
    readSince(name, before, stored) {
      const since = known(name)?.stored;
      if (name !== undefined && (since === undefined || since === before)) remember(name, stored);
    },
    wrote(write, etag) {
      const name = nameOf(write.kind, write.do === 'remove' ? write.key : write.row);
      if (name === undefined) return;
      if (write.do === 'remove' || etag === '') forget(name);
      else remember(name, { kind: write.kind, row: write.row, etag } as Stored);
    },
    peek: (name) => known(name)?.stored,
  };
}

/** As far as their ids name them. */
const idOf: { readonly [K in Recalled]: (key: Keys[K]) => string } = {
  job: ({ jobId }) => jobId,
  spec: ({ jobId }) => jobId,
  vm: ({ vmId }) => vmId,
  pool: ({ poolId }) => tagOf(poolId),
};

/** Under which name a row is remembered; undefined for rows that nobody recalls. */
export function nameOf<K extends Kind>(kind: K, key: Keys[K]): string | undefined {
  const id = (idOf as Partial<Record<Kind, (of: Keys[K]) => string>>)[kind]?.(key);
  return id === undefined ? undefined : `${kind}|${id}`;
}

function carried(stored: Stored): number {
  return stored.kind === 'spec' ? stored.row.sealed.byteLength : 0;
}
