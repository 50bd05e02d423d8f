/** Error files read as their rows: whatever rows went in come out, byte by byte, and nothing else is taken for one. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { openErrorRows } from '../../shared/scoring/error-rows.ts';
import { createRowErrorLog } from '../../shared/scoring/row-error-log.ts';
import { chunksOf } from './score-text.ts';

async function read(file: Uint8Array, chunkBytes: number) {
  const { delimiter, rows } = await openErrorRows(chunksOf(file, chunkBytes), 'x.errors.csv');
  const parts: Uint8Array[] = [];
  for await (const part of rows) parts.push(Buffer.from(part));
  return { delimiter, text: Buffer.concat(parts).toString('latin1') };
}

/** As a run writes it. */
async function filed(
  header: string,
  rows: readonly string[],
  end: string,
  sourceName = 'da"ta,.csv',
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const log = createRowErrorLog({
    policy: { kind: 'skip' },
    sourceName,
    header: {
      names: header.split(/[,\t]/),
      content: Buffer.from(header, 'latin1'),
      lineEnd: Buffer.from(end),
      next: 0,
      lines: 1,
    },
    origin: {},
    write: async (chunk) => void parts.push(Buffer.from(chunk)),
  });
  for (const [row, text] of rows.entries()) {
    const bytes = new Uint8Array(Buffer.from(text, 'latin1'));
    const problem = { kind: 'column-count', found: 9 } as const;
    await log.take([{ row: 0, line: 0, problem, start: 0, end: bytes.length }], row, row + 1, bytes.buffer);
  }
  return Buffer.concat(parts);
}

test('random rows come back as they were', async () => {
  const piece = fc.constantFrom('a', '"', '""', ',', '\t', '\n', '\r\n', ' ', '\xe9\xff', '1');
  const row = fc.array(piece, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 20 }),
      fc.constantFrom('\n', '\r\n'),
      fc.integer({ min: 1, max: 50 }),
      fc.boolean(),
      async (rows, end, chunkBytes, hasBom) => {
        const file = Buffer.concat([Buffer.from(hasBom ? '\uFEFF' : ''), await filed('a,b', rows, end)]);
        expect(await read(file, chunkBytes)).toEqual({
          delimiter: ',',
          text: ['a,b', ...rows].map((one) => one + end).join(''),
        });
      },
    ),
    { numRuns: 300 },
  );
});

test('a file whose rows are not wanted any more is let go of', async () => {
  let state: 'open' | 'closed' = 'open';
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (let row = 'file,line,row,column,value,reason,a\n'; ; row = 'd.csv,1,1,a,x,why,1\n') {
        yield Buffer.from(row.repeat(row.startsWith('f') ? 1 : 100_000));
      }
    } finally {
      state = 'closed';
    }
  }
  const { rows } = await openErrorRows(endless(), 'x.errors.csv');
  for await (const _ of rows) break;
  expect(state).toBe('closed');
});

test.each([
  ['data.tsv', 'a\tb, c', '\t'],
  ['data.TSV.gz', 'a,b', '\t'],
  ['data.csv', 'a\tb', ','],
  ['data.parquet', 'a,"b\tc\td"', ','],
  // Of a rerun of rows that were an error file's already.
  ['data.csv.errors.csv', 'a\tb', '\t'],
  ['data.csv.errors.csv', 'a\t"b,c,d"', '\t'],
  ['data.csv.errors.csv', 'a,b', ','],
  ['data.csv.errors.csv', 'a,"b\tc\td"', ','],
  ['data.csv.errors.csv', 'a', ','],
])('rows of %s under %j are read with %j', async (name, header, delimiter) => {
  expect(await read(await filed(header, ['1\tx,y'], '\n', name), 7)).toEqual({
    delimiter,
    text: `${header}\n1\tx,y\n`,
  });
});

test('a file that a spreadsheet has saved is read too: no quotes where none are needed, no last line end', async () => {
  const file =
    'file,line,row,column,value,reason,age\r\nd.csv,2,1,age,x,why,x\r\n\r\nd.csv,3,2,age,"y,z",why,7';
  expect(await read(Buffer.from(file), 5)).toEqual({ delimiter: ',', text: 'age\r\nx\r\n\r\n7' });
});

test.each([
  ['', 'x.errors.csv is empty: it is no error file of a job.'],
  [
    'age,t\n1,2\n',
    'x.errors.csv: record 1 has too few columns; the file of a rerun has the columns file,line,row,column,value,reason and the rows themselves, as a job writes them.',
  ],
  ['a,b,c,d,e,f,g\n', 'x.errors.csv: record 1 begins with "a,b,c,d,e,f"; the file of'],
  ['file,line,row,column,value,reason,a,b\n', 'x.errors.csv: record 1 has too many columns; the file of'],
  [
    'file,line,row,column,value,reason,a\n1,2,"3\n',
    'x.errors.csv: record 2 has a quote that is never closed; the file of',
  ],
])('no error file: %j', async (file, message) => {
  await expect(read(Buffer.from(file), 100)).rejects.toThrow(message);
});
