/** `Store` over the low-level table: typed rows, retries, and writers that recognise their own writes. */
import { decode, encode, opOf } from './codec.ts';
import { keyRangeOf, placeOf, type Place } from './row-places.ts';
import { TableFault, type Entity, type EntityPage, type Op, type Outcome, type Table } from './table.ts';
import { makeRecentRows, nameOf } from './recent-rows.ts';
import { withTries } from './tries.ts';
import type {
  Clock,
  Commit,
  Keys,
  Kind,
  Page,
  Random,
  Range,
  RangeKind,
  Store,
  Stored,
  Write,
} from '../app/ports.ts';
import { limits } from '../core/limits.ts';

export type Codec = { readonly encode: typeof encode; readonly decode: typeof decode };

const plainCodec: Codec = { encode, decode };

export type StoreTools = {
  readonly table: Table;
  readonly random: Random;
  readonly clock: Clock;
  /** Default: `codec.ts`. One that remembers what it has written or read suits a table that gives the same entity again. */
  readonly codec?: Codec;
};

/** What one commit sends, the same at every try. */
type Batch = {
  readonly table: string;
  readonly pk: string;
  readonly op: string;
  readonly ops: readonly Op[];
};

/**
 * The version of a row that we wrote and that somebody else has changed since, before we learnt that our write was
 * done. It fits no row, so that who uses it learns of the change.
 */
const outdatedEtag = `W/"datetime'1970-01-01T00%3A00%3A00.0000000Z'"`;

const opDigits = 32;

export function makeStore(tools: StoreTools): Store {
  const { table, random, clock, codec = plainCodec } = tools;
  const recent = makeRecentRows(clock);

  async function get<K extends Kind>(kind: K, key: Keys[K]): Promise<Stored<K> | undefined> {
    const place = placeOf(kind, key);
    const entity = await withTries(`reading a row of ${place.table}`, tools, () =>
      table.get(place.table, place.pk, place.rk),
    );
    const stored = entity === undefined ? undefined : (codec.decode(place.table, entity) as Stored<K>);
    recent.seen(nameOf(kind, key), stored as Stored | undefined);
    return stored;
  }

  return {
    get,
    async recall(kind, key, forMs, fits) {
      const name = nameOf(kind, key);
      const known = recent.recall(name, forMs) as Stored<typeof kind> | undefined;
      if (known !== undefined && (fits === undefined || fits(known.row))) return known;
      const before = recent.peek(name);
      const stored = await get(kind, key);
      if (stored !== undefined) recent.readSince(name, before, stored as Stored);
      return stored;
    },
    list: (range, options) => list(tools, range, options ?? {}),
    place: (kind, key) => placeOf(kind, key).rk,
    async commit(writes) {
      const batch = batchOf(codec, writes, random.hex(opDigits));
      let etags: readonly string[] = [];
      try {
        const outcome = await commit(tools, batch);
        if (outcome.kind === 'done') ({ etags } = outcome);
        return outcome;
      } finally {
        // A conflict or a fault says nothing about which of them is outdated.
        for (let at = 0; at < writes.length; at += 1) recent.wrote(writes[at]!, etags[at] ?? '');
      }
    },
  };
}

async function list<R extends Range>(
  tools: StoreTools,
  range: R,
  options: { limit?: number; after?: string },
): Promise<Page<RangeKind[R['of']]>> {
  const { limit = limits.pageMax, after } = options;
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.pageMax) {
    throw new Error(`A page has 1 to ${limits.pageMax} rows, not ${limit}.`);
  }
  const { codec = plainCodec } = tools;
  const { table, pk, from, to } = keyRangeOf(range);
  // A place before the range is its beginning: `after` may have been through a caller's hands.
  const behind = after !== undefined && (pk === undefined || after >= from) ? { after } : {};
  const query = { ...(pk === undefined ? {} : { pk }), from, to, ...behind, limit };
  let page: EntityPage = { entities: [] };
  do {
    const { continuation } = page;
    page = await withTries(`listing rows of ${table}`, tools, () =>
      tools.table.query(table, continuation === undefined ? query : { ...query, continuation }),
    );
  } while (page.entities.length === 0 && page.continuation !== undefined);
  const rows = page.entities.map((entity) => codec.decode(table, entity)) as Stored<RangeKind[R['of']]>[];
  const last = page.entities.at(-1);
  if (last === undefined || page.continuation === undefined) return { rows };
  return { rows, after: pk === undefined ? last.pk : last.rk };
}

function batchOf(codec: Codec, writes: readonly Write[], op: string): Batch {
  if (writes.length === 0 || writes.length > limits.transactionRowsMax) {
    throw new Error(`A commit has 1 to ${limits.transactionRowsMax} rows, not ${writes.length}.`);
  }
  const rows = writes.map((write) => opFor(codec, write, op));
  const { table, pk } = rows[0]!.place;
  const keys = new Set<string>();
  for (const { place } of rows) {
    if (place.table !== table || place.pk !== pk) {
      throw new Error(
        `A commit has rows of one partition: ${table} ${pk} and ${place.table} ${place.pk} are two.`,
      );
    }
    if (keys.has(place.rk)) throw new Error(`A commit has each row once: ${place.rk} is there twice.`);
    keys.add(place.rk);
  }
  return { table, pk, op, ops: rows.map((row) => row.op) };
}

function opFor(codec: Codec, write: Write, op: string): { place: Place; op: Op } {
  switch (write.do) {
    case 'create': {
      const { place, properties } = codec.encode(write.kind, write.row, op);
      return { place, op: { do: 'create', rk: place.rk, properties } };
    }
    case 'replace': {
      const { place, properties } = codec.encode(write.kind, write.row, op);
      if (write.etag === '') throw new Error(`The version of ${place.rk} is missing.`);
      return { place, op: { do: 'replace', rk: place.rk, properties, etag: write.etag } };
    }
    case 'remove': {
      const place = placeOf(write.kind, write.key);
      return { place, op: { do: 'remove', rk: place.rk } };
    }
  }
}

async function commit(tools: StoreTools, batch: Batch): Promise<Commit> {
  let doubt: 'none' | 'maybe-done' = 'none';
  const what = `writing ${batch.ops.length} rows of ${batch.table}`;
  const attempt = async (): Promise<Commit> => {
    let outcome: Outcome;
    try {
      outcome = await tools.table.transact(batch.table, batch.pk, batch.ops);
    } catch (fault) {
      if (fault instanceof TableFault && fault.maybeDone) doubt = 'maybe-done';
      throw fault;
    }
    if (outcome.kind === 'done') return outcome;
    return (await ownCommit(tools.table, batch, outcome.at, doubt)) ?? outcome;
  };
  try {
    return await withTries(what, tools, attempt);
  } catch (fault) {
    // The last reply was lost: one more look may spare the caller a failure that is none.
    const own = doubt === 'none' ? undefined : await lastLook(tools.table, batch);
    if (own !== undefined) return own;
    throw fault;
  }
}

async function lastLook(table: Table, batch: Batch): Promise<Commit | undefined> {
  try {
    return await ownCommit(table, batch, 0, 'maybe-done');
  } catch (fault) {
    if (fault instanceof TableFault) return undefined;
    throw fault;
  }
}

/**
 * A conflict may be with ourselves: the write was done and its reply lost, and we (or something on the way) sent it
 * again. Then a row that it wrote carries its operation id. One row is looked at after a plain conflict; all of them
 * after a try that may have been carried out, since others may have changed some meanwhile.
 */
async function ownCommit(
  table: Table,
  batch: Batch,
  at: number,
  doubt: 'none' | 'maybe-done',
): Promise<Commit | undefined> {
  const { ops } = batch;
  const created = ops.filter((op) => op.do === 'create');
  const replaced = ops.filter((op) => op.do === 'replace');
  if (created.length + replaced.length === 0) {
    return doubt === 'none' ? undefined : allRemoved(table, batch);
  }
  // A created row is the one that others are least likely to have changed; then the one that the storage named.
  const named = replaced.filter((op) => op === ops[at]);
  const candidates = [...new Set([...created, ...named, ...replaced])];
  const seen = new Map<string, Entity | undefined>();
  for (const { rk } of doubt === 'none' ? candidates.slice(0, 1) : candidates) {
    const entity = await table.get(batch.table, batch.pk, rk);
    seen.set(rk, entity);
    if (entity !== undefined && opOf(entity) === batch.op) return ownEtags(table, batch, seen);
  }
  return undefined;
}

/** The versions that our commit gave its rows. */
async function ownEtags(
  table: Table,
  batch: Batch,
  seen: ReadonlyMap<string, Entity | undefined>,
): Promise<Commit> {
  const etags: string[] = [];
  for (const { do: what, rk } of batch.ops) {
    if (what === 'remove') {
      etags.push('');
      continue;
    }
    const entity = seen.has(rk) ? seen.get(rk) : await table.get(batch.table, batch.pk, rk);
    etags.push(entity !== undefined && opOf(entity) === batch.op ? entity.etag : outdatedEtag);
  }
  return { kind: 'done', etags };
}

/** Nothing carries an id when all rows are removed ones: where none is left, the earlier try has done it. */
async function allRemoved(table: Table, batch: Batch): Promise<Commit | undefined> {
  for (const { rk } of batch.ops) {
    if ((await table.get(batch.table, batch.pk, rk)) !== undefined) return undefined;
  }
  return { kind: 'done', etags: batch.ops.map(() => '') };
}
