/** A caller's Idempotency-Key as a use case needs it: what it already names, or the writes that keep it with a new thing. */
import { canonical, daysToRead, daysToWrite, isKept } from '../core/idempotency.ts';
import { conflict, shown, type Refused } from '../core/refusal.ts';
import type { App, Keys, Rows, Write } from './ports.ts';

type KeyKind = 'jobKey' | 'poolKey';

export type CallerKey<K extends KeyKind> = {
  readonly kind: K;
  /** Where it counts. */
  readonly owner: Omit<Keys[K], 'day' | 'keyHash'>;
  /** Whose it is, besides: another caller's same key is another key. */
  readonly of: string;
  /** 1 to 255 characters. */
  readonly text: string;
  /** As it was understood. */
  readonly body: unknown;
};

/** A row that says so, once it is written; `etag`: of an expired one that it replaces. */
type KeyPlace = {
  readonly day: number;
  readonly keyHash: string;
  readonly etag: string | undefined;
};

export type LookedUp<K extends KeyKind> =
  | { readonly kind: 'unused'; readonly places: readonly KeyPlace[] }
  | { readonly kind: 'used'; readonly row: Rows[K]; readonly places: readonly KeyPlace[] }
  | Refused;

/** 409 `IdempotencyKeyReuse` when it came with another body. */
export async function lookUpKey<K extends KeyKind>(app: App, key: CallerKey<K>): Promise<LookedUp<K>> {
  const nowMs = app.clock.now();
  const days = daysToRead(nowMs);
  const stored = await Promise.all(
    days.map((day) =>
      app.store.get(key.kind, { ...key.owner, day, keyHash: hashOf(app, key, day) } as Keys[K]),
    ),
  );
  const places = daysToWrite(nowMs).map((day) => ({
    day,
    keyHash: hashOf(app, key, day),
    etag: stored[days.indexOf(day)]?.etag,
  }));
  const [row] = stored
    .flatMap((one) => (one !== undefined && isKept(one.row, nowMs) ? [one.row] : []))
    .sort((a, b) => b.createdMs - a.createdMs);
  if (row === undefined) return { kind: 'unused', places };
  return row.bodyHash === bodyHashOf(app, key) ? { kind: 'used', row, places } : reuse(key.text);
}

/** @param row what the key shall name */
export function keepKey<K extends KeyKind>(
  app: App,
  key: CallerKey<K>,
  places: readonly KeyPlace[],
  row: Omit<Rows[K], 'day' | 'keyHash' | 'bodyHash' | keyof CallerKey<K>['owner']>,
): Write[] {
  const bodyHash = bodyHashOf(app, key);
  return places.map(({ day, keyHash, etag }) => {
    const kept = { ...key.owner, ...row, day, keyHash, bodyHash };
    const write =
      etag === undefined
        ? { do: 'create', kind: key.kind, row: kept }
        : { do: 'replace', kind: key.kind, row: kept, etag };
    return write as unknown as Write;
  });
}

function hashOf(app: App, key: CallerKey<KeyKind>, day: number): string {
  return app.secrets.sha256(JSON.stringify([key.kind, key.of, key.text, day]));
}

function bodyHashOf(app: App, key: CallerKey<KeyKind>): string {
  return app.secrets.sha256(canonical(key.body));
}

function reuse(text: string): Refused {
  return conflict(
    'IdempotencyKeyReuse',
    `The Idempotency-Key "${shown(text, 40)}" was used within the last 24 hours with another body. Send the same body again, or give a new request a key of its own.`,
  );
}
