/** Rows as this process has last written or read them: what is replaced conditionally need not be read again first. */
import { tagOf } from '../core/ids.ts';
import type { Clock, Commit, Keys, Kind, Recalled, Store, Stored, Write } from '../app/ports.ts';

type Entry = { readonly stored: Stored; readonly sinceMs: number; readonly bytes: number };

/** Of each of two generations, in bytes; a row counts as 1 KiB besides what it carries. */
const bytesMax = 16 * 1_024 * 1_024;
const rowBytes = 1_024;

/** A store with `recall`: own commits are remembered, and forgotten as soon as anything says that they are outdated. */
export function withRecall(store: Omit<Store, 'recall'>, clock: Clock): Store {
  // The older generation goes as a whole: to look for the oldest row in a map means to walk over all that has been deleted.
  let older = new Map<string, Entry>();
  let younger = new Map<string, Entry>();
  let bytes = 0;

  function known(name: string): Entry | undefined {
    return younger.get(name) ?? older.get(name);
  }

  function forget(name: string): void {
    bytes -= younger.get(name)?.bytes ?? 0;
    younger.delete(name);
    older.delete(name);
  }

  function remember(name: string, stored: Stored): void {
    forget(name);
    const entry = { stored, sinceMs: clock.now(), bytes: rowBytes + carried(stored) };
    younger.set(name, entry);
    bytes += entry.bytes;
    if (bytes <= bytesMax) return;
    older = younger;
    younger = new Map();
    bytes = 0;
  }

  /** @param etag '' where it is not known to be there as it was written */
  function noteWrite(write: Write, etag: string): void {
    const name = nameOf(write.kind, write.do === 'remove' ? write.key : write.row);
    if (name === undefined) return;
    if (write.do === 'remove' || etag === '') forget(name);
    else remember(name, { kind: write.kind, row: write.row, etag } as Stored);
  }

  async function get<K extends Kind>(kind: K, key: Keys[K]): Promise<Stored<K> | undefined> {
    const stored = await store.get(kind, key);
    const name = nameOf(kind, key);
    if (name !== undefined && known(name)?.stored.etag !== stored?.etag) forget(name);
    return stored;
  }

  async function commit(writes: readonly Write[]): Promise<Commit> {
    let etags: readonly string[] = [];
    try {
      const outcome = await store.commit(writes);
      if (outcome.kind === 'done') ({ etags } = outcome);
      return outcome;
    } finally {
      // A conflict or a fault says nothing about which of them is outdated.
      for (const [index, write] of writes.entries()) noteWrite(write, etags[index] ?? '');
    }
  }

  return {
    ...store,
    get,
    commit,
    async recall(kind, key, forMs, fits) {
      const name = nameOf(kind, key)!;
      const before = known(name);
      if (before !== undefined && clock.now() - before.sinceMs < forMs) {
        const stored = before.stored as Stored<typeof kind>;
        if (fits === undefined || fits(stored.row)) return stored;
      }
      const stored = await get(kind, key);
      // What has been committed since the reading began is newer than what it has brought.
      const since = known(name);
      if (stored !== undefined && (since === undefined || since === before)) remember(name, stored as Stored);
      return stored;
    },
  };
}

/** As far as their ids name them; undefined for rows that nobody recalls. */
const idOf: { readonly [K in Recalled]: (key: Keys[K]) => string } = {
  job: ({ jobId }) => jobId,
  spec: ({ jobId }) => jobId,
  vm: ({ vmId }) => vmId,
  pool: ({ poolId }) => tagOf(poolId),
};

function nameOf<K extends Kind>(kind: K, key: Keys[K]): string | undefined {
  const id = (idOf as Partial<Record<Kind, (of: Keys[K]) => string>>)[kind]?.(key);
  return id === undefined ? undefined : `${kind}|${id}`;
}

function carried(stored: Stored): number {
  return stored.kind === 'spec' ? stored.row.sealed.byteLength : 0;
}
