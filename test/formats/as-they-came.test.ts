/** The columns of the input come out as they came: their values whole, and of the types that they had. */
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { convert, textOf } from './convert.ts';

type Schema = NonNullable<Parameters<typeof parquetWriteBuffer>[0]['schema']>;

describe('parquet', () => {
  const timesIn = (element: object, at: bigint[]): Uint8Array => {
    const schema = [
      { name: 'root', num_children: 2 },
      { name: 'age', type: 'DOUBLE', repetition_type: 'REQUIRED' },
      { name: 'at', type: 'INT64', repetition_type: 'REQUIRED', ...element },
    ] as Schema;
    const columnData = [
      { name: 'age', data: at.map(() => 1) },
      { name: 'at', data: at },
    ];
    return new Uint8Array(parquetWriteBuffer({ columnData, schema }));
  };
  const micros = { converted_type: 'TIMESTAMP_MICROS' };
  const nanos = { logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' } };

  test.each([
    ['micros', micros, 1_700_000_000_123_456n, '2023-11-14T22:13:20.123456Z'],
    ['micros, whole milliseconds', micros, 1_700_000_000_120_000n, '2023-11-14T22:13:20.120Z'],
    ['micros before 1970', micros, -1n, '1969-12-31T23:59:59.999999Z'],
    ['micros that no date holds', micros, 2n ** 63n - 1n, ''],
    ['nanos', nanos, 1_700_000_000_123_456_789n, '2023-11-14T22:13:20.123456789Z'],
    ['nanos, few', nanos, 1_700_000_000_000_000_007n, '2023-11-14T22:13:20.000000007Z'],
  ])('a time in %s keeps its digits', async (_, element, at, text) => {
    expect(await textOf(timesIn(element, [at]), 'a.parquet', 'o.csv')).toBe(
      `age,at,Scored Labels\n1,${text},1\n`,
    );
  });

  test('two columns of one name are refused: the second could not be told from the first', async () => {
    const columnData = ['age', 't', 't'].map((name, i) => ({ name, data: [i] }));
    const reading = convert(new Uint8Array(parquetWriteBuffer({ columnData })), 'a.parquet', 'o.csv');
    await expect(reading).rejects.toThrow('a.parquet has more than one column named "t".');
    await expect(reading).rejects.toMatchObject({ code: 'InputParseError' });
  });
});

describe('jsonl: a column that begins with null', () => {
  const rows = [
    { age: 1, n: null, f: null, s: null, o: null, big: null, none: null },
    { age: 2, n: null, f: true, s: null, o: [1], big: null, none: null },
    { age: 3, n: 7, f: null, s: '12', o: null, big: null, none: null },
    { age: 4, n: 8.5, f: false, s: 'true', o: { a: null }, big: null, none: null },
  ];
  const file = `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`.replace(
    /"big":null(?=,"none":null\}\n$)/,
    '"big":12345678901234567890',
  );
  const scored = file.replaceAll(/(\d)(,"n".*)\}/g, '$1$2,"Scored Labels":$1}');

  test('has the type of its first value', async () => {
    for (const chunkBytes of [1, 1_000]) {
      expect(await textOf(file, 'a.jsonl', 'o.jsonl', { chunkBytes })).toBe(scored);
    }
  });

  test('over many blocks, each null before the first value is one', async () => {
    const many = [...Array.from({ length: 300_000 }, () => null), 7, 'x'];
    const text = many.map((n) => JSON.stringify({ age: 1, n })).join('\n');
    const out = await textOf(text, 'a.jsonl', 'o.jsonl', { chunkBytes: 65_536 });
    const read = out
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { n: unknown }).n);
    expect(read.length).toBe(many.length);
    expect(read.findIndex((n, i) => n !== many[i])).toBe(-1);
  });

  test('is text in Parquet, whose columns have their types before their rows', async () => {
    for (const chunkBytes of [1, 1_000]) {
      const { bytes } = await convert(file, 'a.jsonl', 'o.parquet', { chunkBytes });
      const read = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
      expect(read.map(({ n, f, s, none }) => [n, f, s, none])).toEqual([
        [null, null, null, null],
        [null, 'true', null, null],
        ['7', null, '12', null],
        ['8.5', 'false', 'true', null],
      ]);
    }
  });
});
