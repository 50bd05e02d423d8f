/** The twin refuses what Azure refuses, also where Azurite is softer, and keeps its keys in order. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryTable } from '../../shared/storage/memory-table.ts';
import { SortedMap } from '../../shared/storage/sorted-map.ts';
import type { Op, Properties } from '../../shared/storage/table.ts';

const table = 'millpondtest';
const create = (rk: string, properties: Properties = { v: 1 }): Op => ({ do: 'create', rk, properties });

async function reasonOf(ops: readonly Op[], pk = 'p', name = table): Promise<string> {
  const twin = new MemoryTable();
  const outcome = await twin.transact(name, pk, ops).then(
    () => 'taken',
    (fault: Error & { code?: string; maybeDone?: boolean }) => {
      expect(fault).toMatchObject({ name: 'TableFault', code: 'refused', maybeDone: false });
      return fault.message;
    },
  );
  if (outcome !== 'taken') expect(twin.all(name)).toEqual([]);
  return outcome;
}

const many = (count: number) => Array.from({ length: count }, (_, n) => create(`r${n}`));
const binaries = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`b${n}`, new Uint8Array(65_536)]));

describe('what Azure refuses', () => {
  test.each<[string, Op[], RegExp]>([
    ['no operation', [], /0 operations/],
    ['101 operations', many(101), /101 operations/],
    ['a row twice', [create('a'), { do: 'remove', rk: 'a' }], /one row twice/],
    ['an empty RowKey', [create('')], /empty key/],
    ['a slash', [create('a/b')], /forbidden character/],
    ['a backslash', [create('a\\b')], /forbidden character/],
    ['a hash', [create('a#b')], /forbidden character/],
    ['a question mark', [create('a?b')], /forbidden character/],
    ['a control character', [create('a\u0007')], /forbidden character/],
    ['a long key', [create('x'.repeat(513))], /key of 513/],
    ['a long string', [create('a', { s: 'x'.repeat(32_769) })], /string of 32769/],
    ['a long binary', [create('a', { b: new Uint8Array(65_537) })], /binary property of 65537/],
    ['an entity over 1 MiB', [create('a', binaries(16))], /entity of/],
    ['a body over 4 MiB', ['a', 'b', 'c', 'd'].map((rk) => create(rk, binaries(15))), /body of about/],
    [
      '253 properties',
      [create('a', Object.fromEntries(Array.from({ length: 253 }, (_, n) => [`p${n}`, 1])))],
      /253 properties/,
    ],
    ['a number that is too large', [create('a', { n: 2 ** 31 })], /32-bit/],
    ['a fraction', [create('a', { n: 0.5 })], /32-bit/],
    ['an empty ETag', [{ do: 'replace', rk: 'a', properties: {}, etag: '' }], /ETag/],
    ['the ETag *', [{ do: 'replace', rk: 'a', properties: {}, etag: '*' }], /ETag/],
  ])('%s', async (_, ops, reason) => {
    expect(await reasonOf(ops)).toMatch(reason);
  });
  test('a partition key that is none, a table name that is none', async () => {
    expect(await reasonOf([create('a')], '')).toMatch(/empty key/);
    expect(await reasonOf([create('a')], 'p', 'millpond-test')).toMatch(/alphanumeric/);
    await expect(new MemoryTable().get(table, 'p', 'a/b')).rejects.toThrow(/forbidden/);
    const query = { pk: 'p', from: 'a', to: 'b', limit: 1_001 };
    await expect(new MemoryTable().query(table, query)).rejects.toThrow(/page of 1001/);
  });
  test('just inside every limit it is taken', async () => {
    expect(await reasonOf(many(100))).toBe('taken');
    expect(await reasonOf([create('x'.repeat(512), { ...binaries(15), s: 'x'.repeat(30_000) })])).toBe(
      'taken',
    );
    expect(await reasonOf(['a', 'b', 'c'].map((rk) => create(rk, binaries(15))))).toBe('taken');
  });
});

test('a sorted map answers by code unit, across many chunks, whatever is set and deleted', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '|', '}', '0', 'Z', 'ä'), maxLength: 6 });
  const step = fc.tuple(fc.option(fc.nat(99), { nil: undefined }), key);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), key, key, fc.nat(20), (steps, from, to, max) => {
      const map = new SortedMap<number>();
      const model = new Map<string, number>();
      for (const [value, one] of steps) {
        if (value === undefined) {
          map.delete(one);
          model.delete(one);
        } else {
          map.set(one, value);
          model.set(one, value);
        }
        expect(map.get(one)).toBe(model.get(one));
      }
      const inside = [...model.keys()].sort().filter((one) => one >= from && one < to);
      expect(map.slice(from, to, max)).toEqual(inside.slice(0, max).map((one) => model.get(one)));
      expect(map.size).toBe(model.size);
    }),
  );
  const large = new SortedMap<string>();
  const numbers = Array.from({ length: 5_000 }, (_, n) => String((n * 7_919) % 5_000).padStart(4, '0'));
  for (const one of numbers) large.set(one, one);
  for (const one of numbers) if (Number(one) % 3 === 0) large.delete(one);
  const left = numbers.filter((one) => Number(one) % 3 !== 0).sort();
  expect(large.slice('', '~', 10_000)).toEqual(left);
  for (const one of numbers) expect(large.get(one)).toBe(Number(one) % 3 === 0 ? undefined : one);
  const rest = left.filter((one) => one < '1000' || one >= '2500');
  for (const one of left) if (!rest.includes(one)) large.delete(one);
  expect(large.slice('', '~', 10_000)).toEqual(rest);
  large.set('1700', '1700');
  expect(large.slice('0999', '2600', 2)).toEqual(['1700', '2500']);
  for (const one of left) large.set(one, one);
  large.delete('1700');
  large.set('1700', '1700');
  expect(large.slice('2000', '3000', 10_000)).toEqual(left.filter((one) => one >= '2000' && one < '3000'));
  expect(large.size).toBe(left.length);
});

test('a failed transaction changes nothing, whichever operation does not fit', async () => {
  const twin = new MemoryTable();
  await twin.transact(table, 'p', [create('a'), create('b')]);
  const before = twin.all(table);
  const bads: Op[] = [create('a'), { do: 'remove', rk: 'x' }];
  for (const bad of bads) {
    const outcome = await twin.transact(table, 'p', [create('c'), { do: 'remove', rk: 'b' }, bad]);
    expect(outcome).toMatchObject({ kind: 'conflict', at: 2 });
    expect(twin.all(table)).toEqual(before);
  }
});
