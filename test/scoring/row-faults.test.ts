/** Rows that cannot be scored: each fails the job with a sentence that names file, line, row, column and value. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine, type Engine } from '../../shared/scoring/engine.ts';
import { ScoringError } from '../../shared/scoring/scoring-error.ts';
import { echoModel } from './onnx-fixtures.ts';
import { score, type ScoreOptions } from './score-text.ts';

const engines = new Map<string, Engine>();
const types = ['float32', 'float64', 'int64', 'bool', 'string'] as const;
beforeAll(async () => {
  for (const type of types) engines.set(type, await openEngine({ modelBytes: echoModel('age', type) }));
});
afterAll(async () => {
  for (const engine of engines.values()) await engine.close();
});

async function failureOf(
  type: string,
  input: string | Uint8Array,
  options: ScoreOptions = {},
): Promise<string> {
  const engine = engines.get(type);
  if (engine === undefined) throw new Error(type);
  const error: unknown = await score(engine, input, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ScoringError)) throw new Error(`no ScoringError but ${String(error)}`);
  return `${error.code}: ${error.message}`;
}

const where = 'InputParseError: data.csv line 3 (row 2)';
const cells: [string, string, string][] = [
  ['float32', 'abc', 'expected a number, found "abc".'],
  ['float32', '""', 'expected a number, found an empty cell.'],
  ['float32', '?', 'expected a number, found "?".'],
  ['float64', 'NA', 'expected a number, found "NA".'],
  ['float64', '  ', 'expected a number, found "  ".'],
  ['int64', '?', 'expected a whole number of 64 bits, found "?".'],
  ['int64', '""', 'expected a whole number of 64 bits, found an empty cell.'],
  ['float32', 'NaN', 'expected a number, found "NaN".'],
  ['float32', 'inf', 'expected a number, found "inf".'],
  ['float32', '0x10', 'expected a number, found "0x10".'],
  ['float32', '1_000', 'expected a number, found "1_000".'],
  ['float32', '1e39', 'expected a number within the range of float32, found "1e39".'],
  ['float64', '1e400', 'expected a number within the range of float64, found "1e400".'],
  ['float64', '-', 'expected a number, found "-".'],
  ['float64', '1e', 'expected a number, found "1e".'],
  ['float64', '1\0', 'expected a number, found "1\\u0000".'],
  ['int64', '1.5', 'expected a whole number of 64 bits, found "1.5".'],
  [
    'int64',
    '123456789012345678901234567890',
    'expected a whole number of 64 bits, found "123456789012345678901234567890".',
  ],
  ['int64', '9223372036854775808', 'expected a whole number of 64 bits, found "9223372036854775808".'],
  ['bool', 'maybe', 'expected true or false, found "maybe".'],
  ['float32', 'x'.repeat(100), `expected a number, found "${'x'.repeat(60)}"... (100 characters).`],
];

describe('cells', () => {
  test.each(cells)('%s: %s', async (type, cell, message) => {
    expect(await failureOf(type, `age,t\n1,0\n${cell},0\n1,0\n`)).toBe(`${where}, column 'age': ${message}`);
  });

  test.each([
    ['\xff', '"\uFFFD"'],
    ['a\0b', '"a\\u0000b"'],
  ])('bytes that no text for the model has: %j', async (cell, found) => {
    const input = Buffer.from(`age,t\na,0\n${cell},0\n`, 'latin1');
    expect(await failureOf('string', input)).toBe(
      `${where}, column 'age': expected text in UTF-8 without NUL bytes, found ${found}.`,
    );
  });
});

describe('places', () => {
  test('lines are counted over blank lines, line ends in quotes and blocks', async () => {
    const rows = Array.from({ length: 1039 }, (_, i) => `"t\n${i}",1`).join('\r\n\n');
    const message = await failureOf('float32', `t,age\n\n${rows}\nu,abc\n`, { limits: { blockBytes: 100 } });
    // The header, a blank line, 1,039 rows of two lines, 1,038 blank lines between them.
    const line = 2 + 2 * 1039 + 1038 + 1;
    expect(message).toBe(
      `InputParseError: data.csv line ${line} (row 1040), column 'age': expected a number, found "abc".`,
    );
  });

  test('the first fault of the file is reported, with more workers too', async () => {
    const engine = await openEngine({ modelBytes: echoModel('age', 'float64'), workers: 3 });
    const rows = Array.from({ length: 5000 }, (_, i) => (i % 100 === 77 ? `bad${i}` : String(i)));
    await expect(score(engine, `age\n${rows.join('\n')}\n`, { limits: { blockBytes: 64 } })).rejects.toThrow(
      `data.csv line 79 (row 78), column 'age': expected a number, found "bad77".`,
    );
    await engine.close();
  });
});

const ragged: [string, string, string][] = [
  ['too few columns', '1', ': 1 column, the header has 2.'],
  ['too many columns', '1,2,3', ': 3 columns, the header has 2.'],
  ['a delimiter at the end', '1,2,', ': 3 columns, the header has 2.'],
  ['too many, quoted', '1,"2","3,",4', ': 4 columns, the header has 2.'],
  [
    'text after a quote',
    '1,"a"b',
    `, column 't': text after the closing quote (a quote inside a quoted value is written twice).`,
  ],
  ['a quote that never closes', '1,"2\n3,4', `, column 't': the quote that opens here is never closed.`],
];

describe('rows', () => {
  test.each(ragged)('%s', async (_, row, message) => {
    expect(await failureOf('float32', `age,t\n1,0\n${row}\n`)).toBe(where + message);
    expect(
      await failureOf('float32', `age,t\n1,0\n${row}`, { chunkBytes: 1, limits: { blockBytes: 16 } }),
    ).toBe(where + message);
  });

  test('a quote that never closes, later in a row of several lines', async () => {
    expect(await failureOf('float32', `t,age\n"a\nb","1\n2,3\n`)).toBe(
      `InputParseError: data.csv line 3 (row 1), column 'age': the quote that opens here is never closed.`,
    );
  });

  test('a record without end stops at the limit', async () => {
    const input = `age,t\n1,0\n2,"${'x\n'.repeat(5000)}`;
    expect(await failureOf('float32', input, { limits: { recordBytesMax: 1000, blockBytes: 100 } })).toBe(
      'OutOfMemoryLimit: data.csv, after line 2: a record is longer than 1000 bytes; is a quote not closed?',
    );
  });
});

describe('headers', () => {
  test.each(['', '\n', '\r\n\n', '\uFEFF', '\uFEFF\n'])('an empty file: %j', async (input) => {
    expect(await failureOf('float32', input)).toBe(
      'InputParseError: data.csv is empty: its first line must name the columns.',
    );
  });

  test('a quote that never closes', async () => {
    expect(await failureOf('float32', '\n"age,t\n1,2\n')).toBe(
      'InputParseError: data.csv line 2: the quote that opens here is never closed.',
    );
  });

  test.each([
    ['age,t\r1,2\r', 1],
    ['\n"a\rb\nc","age"\r"1","2"\r', 3],
  ])('lines that end with a carriage return alone: %j', async (input, line) => {
    for (const chunkBytes of [1, 1_000]) {
      expect(await failureOf('float32', input, { chunkBytes })).toBe(
        `InputParseError: data.csv line ${line}: the column names hold a carriage return without a line feed; if all lines end so, save the file with LF or CRLF line ends.`,
      );
    }
  });

  test('more columns than allowed', async () => {
    expect(await failureOf('float32', 'age,b,c\n1,2,3\n', { limits: { columnsMax: 2 } })).toBe(
      'InputParseError: data.csv line 1: 3 columns; at most 2 are allowed.',
    );
  });

  test('a header without end', async () => {
    expect(await failureOf('float32', 'x'.repeat(1_100_000))).toMatch(
      /^OutOfMemoryLimit: data\.csv: the line that names the columns is longer than 1048576 bytes; it begins with "xxx/,
    );
  });
});
