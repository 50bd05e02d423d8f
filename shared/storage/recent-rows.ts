/** Rows as this process has last written or read them: what is replaced conditionally need not be read again first. */
import { placeOf } from './row-places.ts';
import type { Clock, Commit, Keys, Kind, Store, Stored, Write } from '../app/ports.ts';

type Entry = { readonly stored: Stored; readonly sinceMs: number; readonly bytes: number };

/** All that is remembered, in bytes; a row counts as 1 KiB besides what it carries. */
const bytesMax = 32 * 1_024 * 1_024;
const rowBytes = 1_024;

/** A store with `recall`: own commits are remembered, and forgotten as soon as anything says that they are outdated. */
export function withRecall(store: Omit<Store, 'recall'>, clock: Clock): Store {
  const entries = new Map<string, Entry>();
  let bytes = 0;

  function forget(place: string): void {
    bytes -= entries.get(place)?.bytes ?? 0;
    entries.delete(place);
  }

  function remember(place: string, stored: Stored): void {
    forget(place);
    const entry = { stored, sinceMs: clock.now(), bytes: rowBytes + carried(stored) };
    entries.set(place, entry);
    bytes += entry.bytes;
    for (const oldest of entries.keys()) {
      if (bytes <= bytesMax) break;
      forget(oldest);
    }
  }

  async function get<K extends Kind>(kind: K, key: Keys[K]): Promise<Stored<K> | undefined> {
    const stored = await store.get(kind, key);
    const place = nameOf(kind, key);
    if (entries.get(place)?.stored.etag !== stored?.etag) forget(place);
    return stored;
  }

  async function commit(writes: readonly Write[]): Promise<Commit> {
    const places = writes.map((write) => nameOf(write.kind, write.do === 'remove' ? write.key : write.row));
    let outcome: Commit | undefined;
    try {
      outcome = await store.commit(writes);
    } finally {
      // A conflict or a fault says nothing about which of them is outdated.
      for (const place of places) forget(place);
    }
    if (outcome.kind === 'conflict') return outcome;
    for (const [index, write] of writes.entries()) {
      const etag = outcome.etags[index] ?? '';
      if (write.do !== 'remove' && etag !== '')
        remember(places[index] ?? '', { kind: write.kind, row: write.row, etag } as Stored);
    }
    return outcome;
  }

  return {
    ...store,
    get,
    commit,
    async recall(kind, key, forMs, fits) {
      const place = nameOf(kind, key);
      const known = entries.get(place);
      if (known !== undefined && clock.now() - known.sinceMs < forMs) {
        const stored = known.stored as Stored<typeof kind>;
        if (fits === undefined || fits(stored.row)) return stored;
      }
      const stored = await get(kind, key);
      // What has been committed since the reading began is newer than what it has brought.
      const since = entries.get(place);
      if (stored !== undefined && (since === undefined || since === known)) remember(place, stored as Stored);
      return stored;
    },
  };
}

function nameOf<K extends Kind>(kind: K, key: Keys[K]): string {
  const { table, pk, rk } = placeOf(kind, key);
  return `${table}\n${pk}\n${rk}`;
}

function carried(stored: Stored): number {
  return stored.kind === 'spec' ? stored.row.sealed.byteLength : 0;
}
