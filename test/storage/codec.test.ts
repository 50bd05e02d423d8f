/** Rows come back as they were, keys sort as they should, and what does not fit is refused aloud. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kind, Rows } from '../../shared/app/ports.ts';
import { RowTooLarge } from '../../shared/app/row-too-large.ts';
import { decode, encode, opOf, UnreadableRow } from '../../shared/storage/codec.ts';
import { keyRangeOf, kindAt, placeOf } from '../../shared/storage/row-places.ts';
import type { Entity } from '../../shared/storage/table.ts';
import { refusedTransaction } from '../../shared/storage/table-rules.ts';
import { jobOf, kinds, poolOf, rowsOf, tagA, vmOf, waitOf } from './sample-rows.ts';

function stored<K extends Kind>(kind: K, row: Rows[K]): { table: string; entity: Entity } {
  const { place, properties } = encode(kind, row, 'op-1');
  return { table: place.table, entity: { pk: place.pk, rk: place.rk, etag: 'e', properties } };
}

describe('every kind', () => {
  test.each(kinds)('%s comes back as it was, and Azure takes it', (kind) => {
    fc.assert(
      fc.property(rowsOf(kind), (row) => {
        const { table, entity } = stored(kind, row);
        expect(decode(table, entity)).toEqual({ kind, row, etag: 'e' });
        expect(entity.properties['v']).toBe(1);
        expect(opOf(entity)).toBe('op-1');
        expect(kindAt(table, entity.rk)).toBe(kind);
        const { rk, properties } = entity;
        expect(refusedTransaction(table, entity.pk, [{ do: 'create', rk, properties }])).toBeUndefined();
      }),
    );
  });

  test.each(kinds)('%s of another schema version is refused', (kind) => {
    const [row] = fc.sample(rowsOf(kind), { numRuns: 1, seed: 1 });
    const { table, entity } = stored(kind, row!);
    const later = { ...entity, properties: { ...entity.properties, v: 2 } };
    expect(() => decode(table, later)).toThrow(/schema version 2; this program reads version 1/);
    const { v: _, ...without } = entity.properties;
    expect(() => decode(table, { ...entity, properties: without })).toThrow(UnreadableRow);
  });
});

describe('what is not ours', () => {
  const { table, entity } = stored('vm', vmOf(1));
  const withBody = (body: string) => ({ ...entity, properties: { ...entity.properties, body } });

  test('a state that is not known', () => {
    const body = JSON.stringify({ ...vmOf(1), kind: 'sleeping' });
    expect(() => decode(table, withBody(body))).toThrow(/state that this program does not know: sleeping/);
    expect(() => decode(table, withBody(JSON.stringify({ ...vmOf(1), kind: 'constructor' })))).toThrow(
      /state/,
    );
  });
  test('content of another row', () => {
    expect(() => decode(table, withBody(JSON.stringify(vmOf(2))))).toThrow(/content of another row/);
    expect(() => decode(table, withBody('{"kind":"idle"}'))).toThrow(/content of another row/);
  });
  test.each(['', '{', '[]', 'null', '1'])('content %j', (body) => {
    expect(() => decode(table, withBody(body))).toThrow(UnreadableRow);
  });
  test('a key of no kind', () => {
    expect(() => decode(table, { ...entity, rk: 'what|1' })).toThrow(/no known kind/);
    expect(() => decode(table, { ...entity, rk: 'constructor|1' })).toThrow(/no known kind/);
    expect(kindAt('millpondother', 'm')).toBeUndefined();
  });
});

describe('size', () => {
  test('32,768 characters of content fit, one more does not', () => {
    const base = { ...vmOf(1), kind: 'stopped', atMs: 1, end: 'left', cause: '' } as const;
    const room = 32_768 - JSON.stringify(base).length;
    expect(() => encode('vm', { ...base, cause: 'x'.repeat(room) }, 'op')).not.toThrow();
    expect(() => encode('vm', { ...base, cause: 'x'.repeat(room + 1) }, 'op')).toThrow(RowTooLarge);
  });

  test.each([0, 1, 65_535, 65_536, 65_537, 262_143, 262_144])('%i sealed bytes come back', (bytes) => {
    const sealed = new Uint8Array(bytes).map((_, at) => (at * 7 + (at >> 8)) & 0xff);
    const { jobId } = jobOf(1);
    const { table, entity } = stored('spec', { jobId, sealed });
    const { rk, properties } = entity;
    expect(refusedTransaction(table, tagA, [{ do: 'create', rk, properties }])).toBeUndefined();
    const { row } = decode(table, entity);
    expect(Buffer.compare((row as Rows['spec']).sealed, sealed)).toBe(0);
  });

  test('more sealed bytes are refused, and a part that is lost is seen', () => {
    const { jobId } = jobOf(1);
    expect(() => encode('spec', { jobId, sealed: new Uint8Array(262_145) }, 'op')).toThrow(RowTooLarge);
    const { table, entity } = stored('spec', { jobId, sealed: new Uint8Array(70_000) });
    const { s1: _, ...lost } = entity.properties;
    expect(() => decode(table, { ...entity, properties: lost })).toThrow(/not whole/);
    const cut = { ...entity.properties, s1: new Uint8Array(10) };
    expect(() => decode(table, { ...entity, properties: cut })).toThrow(/not whole/);
  });
});

describe('keys', () => {
  const ms = fc.integer({ min: 0, max: 8_640_000_000_000_000 / 10 });

  test('the order of the keys is the order of the times', () => {
    fc.assert(
      fc.property(ms, ms, (a, b) => {
        fc.pre(a < b);
        expect(placeOf('wait', waitOf(1, a)).rk < placeOf('wait', waitOf(0, b)).rk).toBe(true);
        const gone = (atMs: number) =>
          placeOf('gone', { poolId: poolOf().poolId, vmId: vmOf(1).vmId, atMs }).rk;
        expect(gone(a) < gone(b)).toBe(true);
        const period = (startMs: number) => placeOf('period', { planId: 'p', startMs }).rk;
        expect(period(a) < period(b)).toBe(true);
      }),
    );
  });

  test('newer jobs come first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 43 }), fc.integer({ min: 0, max: 2 ** 43 }), (a, b) => {
        fc.pre(a < b);
        const key = (at: number) => placeOf('job', { jobId: jobOf(1, tagA, at).jobId }).rk;
        expect(key(b) < key(a)).toBe(true);
      }),
    );
  });

  test('VMs lie directly before the queue, and no other kind between', () => {
    const both = keyRangeOf({ of: 'vms-and-queue', tag: tagA });
    const inside = (rk: string) => rk >= both.from && rk < both.to;
    for (const kind of kinds) {
      for (const row of fc.sample(rowsOf(kind), { numRuns: 20, seed: 2 })) {
        const { table, rk } = placeOf(kind, row as never);
        if (table === both.table) expect(inside(rk), rk).toBe(kind === 'vm' || kind === 'wait');
      }
    }
    expect(placeOf('vm', { vmId: 'f'.repeat(32) }).rk < placeOf('wait', waitOf(0, 0)).rk).toBe(true);
  });

  test('every kind lies in its own ranges and in no other of its partition', () => {
    const sub = 'a'.repeat(32);
    const ranges = [
      keyRangeOf({ of: 'reservations', subscriptionId: sub }),
      keyRangeOf({ of: 'plans', subscriptionId: sub }),
      keyRangeOf({ of: 'services', subscriptionId: sub }),
      keyRangeOf({ of: 'names', subscriptionId: sub, kind: 'plan' }),
      keyRangeOf({ of: 'names', subscriptionId: sub, kind: 'webservice' }),
      keyRangeOf({ of: 'names', subscriptionId: sub, kind: 'classic' }),
      keyRangeOf({ of: 'names', subscriptionId: sub, kind: 'workspace' }),
      keyRangeOf({ of: 'accounts' }),
      keyRangeOf({ of: 'ledger', planId: sub }),
      keyRangeOf({ of: 'periods', planId: sub }),
      ...(['vms', 'queue', 'jobs', 'specs', 'gone', 'expiries', 'slots', 'uses', 'job-keys'] as const).map(
        (of) => keyRangeOf({ of, tag: tagA }),
      ),
      keyRangeOf({ of: 'pool-keys', subscriptionId: sub }),
      keyRangeOf({ of: 'live' }),
    ];
    for (const kind of kinds) {
      for (const row of fc.sample(rowsOf(kind), { numRuns: 20, seed: 3 })) {
        const { table, rk } = placeOf(kind, row as never);
        const holding = ranges.filter((one) => one.table === table && rk >= one.from && rk < one.to);
        expect(holding, `${kind} ${rk}`).toHaveLength(kind === 'pool' || kind === 'workspace' ? 0 : 1);
      }
    }
  });

  test('names of a group that begins like another are not among its own', () => {
    const range = keyRangeOf({ of: 'names', subscriptionId: 's', kind: 'plan', group: 'rg' });
    const key = (group: string) => placeOf('name', { subscriptionId: 's', of: 'plan', group, name: 'n' }).rk;
    expect(key('rg') >= range.from && key('rg') < range.to).toBe(true);
    const foreign = placeOf('name', { subscriptionId: 's', of: 'plan', group: 'rg', name: 'ümlaut' }).rk;
    expect(foreign >= range.from && foreign < range.to).toBe(true);
    for (const other of ['rg2', 'r', 'rg.a', 'rg-', 'rh']) {
      expect(key(other) >= range.from && key(other) < range.to, other).toBe(false);
    }
  });

  test.each(['', 'a|b', 'a/b', String.raw`a\b`, 'a#b', 'a?b', 'a\u0000b', 'a\u009fb', 'x'.repeat(257)])(
    'part %j is refused',
    (name) => {
      expect(() => placeOf('name', { subscriptionId: 's', of: 'plan', group: 'g', name })).toThrow(
        /table key/,
      );
    },
  );
  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e15])('time %d is refused', (startMs) => {
    expect(() => placeOf('period', { planId: 'p', startMs })).toThrow(/time in a table key/);
  });
});
