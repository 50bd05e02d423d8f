/** Text files as programs and people write them: what is odd or damaged in one is read as meant, or named. */
import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { convert, textOf } from './convert.ts';

test('arff: a row of blanks and a stray quote takes no longer than any other', async () => {
  const blanks = ' '.repeat(8_000);
  const file = `@attribute age real\n@attribute t string\n@data\n1,${blanks}x'y\n`;
  await expect(convert(file, 'a.arff', 'o.csv', { chunkBytes: 10_000 })).rejects.toThrow(
    'a.arff line 4 (row 1): quotes that do not close.',
  );
});

test('a BOM before a quoted name is part of no name, in any format', async () => {
  const file = '\uFEFF"t,u","age"\nq,2\n';
  expect(await textOf(file, 'a.csv', 'o.jsonl')).toBe('{"t,u":"q","age":2,"Scored Labels":2}\n');
  expect(await textOf(file, 'a.csv', 'o.tsv')).toBe('t,u\tage\tScored Labels\nq\t2\t2\n');
  expect(await textOf(file, 'a.csv', 'o.arff')).toContain(
    "@attribute 't,u' string\n@attribute age numeric\n",
  );
  const { bytes } = await convert(file, 'a.csv', 'o.parquet');
  expect(await parquetReadObjects({ file: new Uint8Array(bytes).buffer })).toEqual([
    { 't,u': 'q', age: 2, 'Scored Labels': 2 },
  ]);
});

test('arff: a comment may begin behind any value, though not in quotes', async () => {
  const file =
    "@attribute age real\n@attribute t string\n@data\n1,a % note, 'or two'\n2,'b % c' % note\n3,'%'\n4%,d\n";
  const { bytes, errors } = await convert(file, 'a.arff', 'o.csv', { rowErrors: { kind: 'skip' } });
  expect(bytes.toString()).toBe('age,t,Scored Labels\n1,a,1\n2,b % c,2\n3,%,3\n');
  expect(parse(errors, { from: 2 }).map((row) => row[5])).toEqual(['wrong number of columns']);
});

describe('bytes that are not UTF-8', () => {
  const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
  const reason = 'bytes that are not UTF-8; save the file in UTF-8';
  const skip = { rowErrors: { kind: 'skip' } } as const;

  test.each([
    ['a.jsonl', '\xef\xbb\xbf{"age":1,"t":"a"}\n{"age":2,"t":"caf\xe9"}\r\n\n{"age":3,"t":"caf\xc3\xa9"}', 2],
    [
      'a.arff',
      '% Jos\xe9\n@relation \xe9\n@attribute age real\n@attribute t string\n@data\n1,a\n% \xe9\n2,caf\xe9\r\n3,caf\xc3\xa9',
      8,
    ],
  ])('%s: a row with one is none, and its line is named', async (name, file, line) => {
    for (const chunkBytes of [1, 7, 1_000]) {
      const { bytes, errors } = await convert(latin1(file), name, 'o.csv', { ...skip, chunkBytes });
      expect(bytes.toString().replaceAll(/^\n/gm, '')).toBe('age,t,Scored Labels\n1,a,1\n3,café,3\n');
      expect(parse(errors, { from: 2 }).map((row) => [row[1], row[5]])).toEqual([[`${line}`, reason]]);
    }
    await expect(convert(latin1(file), name, 'o.csv')).rejects.toThrow(
      `${name} line ${line} (row 2): ${reason}.`,
    );
  });

  test.each([
    ['a.jsonl', '\n{"age":1,"caf\xe9":1}\n', `a.jsonl line 2: ${reason}.`],
    ['a.arff', '@attribute caf\xe9 real\n@data\n1\n', `a.arff line 1: ${reason}.`],
  ])('%s: no column has a name with one', async (name, file, message) => {
    await expect(convert(latin1(file), name, 'o.csv')).rejects.toThrow(message);
  });
});

test('jsonl: half of a surrogate pair is no text', async () => {
  const half = String.raw`"\ud800x"`;
  const file = `{"age":1,"t":"a"}\n{"age":2,"t":${half}}\n{"age":3,"t":{"o":${half}}}\n{"age":4,"t":"\\ud83d\\ude00"}\n`;
  const { bytes, errors } = await convert(file, 'a.jsonl', 'o.jsonl', { rowErrors: { kind: 'skip' } });
  const [, , third, fourth] = file.split('\n').map((line) => JSON.parse(line || '{}') as { t?: unknown });
  const read = bytes
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { t?: unknown }).t);
  expect(read).toEqual(['a', JSON.stringify(third?.t), fourth?.t]);
  expect(parse(errors, { from: 2 }).map((row) => [row[1], row[5]])).toEqual([
    ['2', 'half of a surrogate pair, which is no character'],
  ]);
  await expect(convert(`{"age":1,${half}:1}\n`, 'a.jsonl', 'o.csv')).rejects.toThrow(
    'a.jsonl line 1: the name of a member has half of a surrogate pair, which is no character.',
  );
});

describe('gzip', () => {
  const first = gzipSync('age\n1\n');
  const second = gzipSync(`2\n${'3\n'.repeat(5_000)}`);
  const scored = `age,Scored Labels\n1,1\n2,2\n${'3,3\n'.repeat(5_000)}`;
  const joined = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);

  test('members one after the other, with or without zeros behind the last', async () => {
    for (const zeros of [0, 1, 512, 100_000]) {
      for (const chunkBytes of [1_000, first.length, first.length + second.length, 1_000_000]) {
        const file = joined(first, second, Buffer.alloc(zeros));
        expect(await textOf(file, 'a.csv.gz', 'o.csv', { chunkBytes })).toBe(scored);
      }
    }
    expect(await textOf(joined(first, Buffer.alloc(9)), 'a.csv.gz', 'o.csv', { chunkBytes: 1 })).toBe(
      'age,Scored Labels\n1,1\n',
    );
  });

  test('a member behind zeros is not lost in silence', async () => {
    for (const chunkBytes of [1, 40, 1_000_000]) {
      const reading = convert(joined(first, Buffer.alloc(512), second), 'a.csv.gz', 'o.csv', { chunkBytes });
      await expect(reading).rejects.toThrow(
        'a.csv.gz cannot be unpacked: zeros end it, and bytes follow them.',
      );
      await expect(reading).rejects.toMatchObject({ code: 'InputParseError' });
    }
  });
});
