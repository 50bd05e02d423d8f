/** Text files as programs and people write them: what is odd or damaged in one is read as meant, or named. */
import { parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
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
