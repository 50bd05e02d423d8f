/** Rows that cannot be scored, under each policy: output, error file and counts, with csv-parse as the oracle. */
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RowErrorPolicy } from '../../shared/core/row-errors.ts';
import { openEngine, type Engine } from '../../shared/scoring/engine.ts';
import { ScoringError } from '../../shared/scoring/scoring-error.ts';
import type { ScoreResult } from '../../shared/scoring/score-job.ts';
import { echoModel, linearClassifier, ml, model, node, value } from './onnx-fixtures.ts';
import { score, scoreOnce, withEngine, type ScoreOptions } from './score-text.ts';

const seed = Number(process.env['MILLPOND_CSV_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const timeMs = Number(process.env['MILLPOND_CSV_MS'] ?? 3000);

let engine: Engine;
let workers: Engine;
beforeAll(async () => {
  engine = await openEngine({ modelBytes: echoModel('age', 'float32') });
  workers = await openEngine({ modelBytes: echoModel('age', 'float32'), workers: 3 });
});
afterAll(async () => {
  await engine.close();
  await workers.close();
});

type Run = { text: string; errors: string; result?: ScoreResult; error?: ScoringError };

async function run(
  input: string | Uint8Array,
  rowErrors: RowErrorPolicy,
  options: ScoreOptions = {},
  on = engine,
): Promise<Run> {
  const errors: Uint8Array[] = [];
  const writeErrors = async (chunk: Uint8Array) => void errors.push(chunk);
  const text = () => Buffer.concat(errors).toString();
  try {
    const scored = await score(on, input, { rowErrors, writeErrors, ...options });
    return { text: scored.text, result: scored.result, errors: text() };
  } catch (error) {
    if (!(error instanceof ScoringError)) throw error;
    return { text: '', errors: text(), error };
  }
}

const input = 'age,t\n1,a\nabc,"b ""q"""\n2,c\n3\n4,d,e\n5,"f"g\n1e39,h\n6,i\n';

describe('policies', () => {
  test('skip leaves bad rows out and files them', async () => {
    const { text, errors, result } = await run(input, { kind: 'skip' });
    expect(text).toBe('age,t,Scored Labels\n1,a,1\n2,c,2\n6,i,6\n');
    expect(errors).toBe(
      [
        'file,line,row,column,value,reason,"age,t"',
        'data.csv,3,2,age,abc,expected a number,"abc,""b """"q"""""""',
        'data.csv,5,4,,1 columns,wrong number of columns,"3"',
        'data.csv,6,5,,3 columns,wrong number of columns,"4,d,e"',
        'data.csv,7,6,t,,text after the closing quote,"5,""f""g"',
        'data.csv,8,7,age,1e39,expected a number within the range of float32,"1e39,h"',
        '',
      ].join('\n'),
    );
    expect(result).toMatchObject({
      rows: 8,
      rowErrors: {
        count: 5,
        byReason: {
          'expected a number': 1,
          'wrong number of columns': 2,
          'text after the closing quote': 1,
          'expected a number within the range of float32': 1,
        },
      },
    });
  });

  test('blank keeps them in their places, as rows of the table', async () => {
    const { text, errors } = await run(input, { kind: 'blank' });
    expect(text).toBe(
      'age,t,Scored Labels\n1,a,1\nabc,"b ""q""",\n2,c,2\n3,,\n4,d,\n5,"""f""g",\n1e39,h,\n6,i,6\n',
    );
    expect(errors).toBe((await run(input, { kind: 'skip' })).errors);
  });

  test('fail ends at the first, which is filed', async () => {
    const { error, errors } = await run(input, { kind: 'fail' });
    expect(error?.message).toBe(`data.csv line 3 (row 2), column 'age': expected a number, found "abc".`);
    expect(error?.rowErrors).toEqual({ count: 1, byReason: { 'expected a number': 1 } });
    expect(errors.split('\n')).toHaveLength(3);
  });

  test('nothing is filed where nothing is wrong', async () => {
    expect(await run('age\n1\n', { kind: 'skip' })).toMatchObject({
      errors: '',
      text: 'age,Scored Labels\n1,1\n',
    });
  });

  test('line ends, final and other, stay', async () => {
    const { text, errors } = await run('age,t\r\nx,1\r\n2,"a\r\nb"\r\n\r\ny,"c\nd"\r\nz,2', {
      kind: 'blank',
    });
    expect(text).toBe('age,t,Scored Labels\r\nx,1,\r\n2,"a\r\nb",2\r\ny,"c\nd",\r\nz,2,');
    expect(
      parse<{ line: string; row: string }>(errors, { columns: true }).map((one) => [one.line, one.row]),
    ).toEqual([
      ['2', '1'],
      ['6', '3'],
      ['8', '4'],
    ]);
  });

  test.each([
    ['binary', linearClassifier(['no', 'yes'], [-1, 1]), ',,'],
    ['multiclass', linearClassifier([1, 2, 3], [1, 2, 3]), ',,,,'],
  ])('every scored column of a %s model is blank', async (_, modelBytes, blanks) => {
    const { text } = await scoreOnce(modelBytes, 'x\n1\nbad\n', { rowErrors: { kind: 'blank' } });
    expect(text.split('\n')[2]).toBe(`bad${blanks}`);
    expect(new Set(parse(text).map((row: string[]) => row.length)).size).toBe(1);
  });
});

describe('limits', () => {
  const rows = `age\n${Array.from({ length: 200 }, (_, i) => (i % 10 === 0 ? `bad${i}` : i)).join('\n')}\n`;

  test.each([1, 16, 1000])(
    'beyond the count the job fails, with as many filed, in blocks of %i',
    async (size) => {
      const options = { limits: { blockBytes: Math.max(16, size) } };
      for (const on of [engine, workers]) {
        const { error, errors } = await run(rows, { kind: 'skip', countMax: 4 }, options, on);
        expect(error?.message).toBe(
          `data.csv: 5 rows cannot be scored (5 expected a number), and "millpond.maxRowErrors" allows 4. The first: data.csv line 2 (row 1), column 'age': expected a number, found "bad0".`,
        );
        expect(error?.rowErrors?.count).toBe(5);
        expect(parse(errors, { columns: true })).toHaveLength(5);
      }
    },
  );

  test('at the limits it does not', async () => {
    const { result } = await run(rows, { kind: 'skip', countMax: 20, shareMax: 0.1 });
    expect(result?.rowErrors.count).toBe(20);
  });

  test('beyond the share it fails with all of them filed', async () => {
    const { error, errors } = await run(rows, { kind: 'blank', shareMax: 0.09 });
    expect(error?.message).toContain(
      '20 rows cannot be scored (20 expected a number), of 200 rows in all, and "millpond.maxRowErrorShare" allows a share of 0.09.',
    );
    expect(parse(errors, { columns: true })).toHaveLength(20);
  });

  test('a quote that never closes ends every job; what precedes it is filed', async () => {
    const { error, errors } = await run('age,t\nx,1\ny,"2\n3,4\n', { kind: 'skip' });
    expect(error?.message).toBe(
      `data.csv line 3 (row 2), column 't': the quote that opens here is never closed.`,
    );
    expect(error?.rowErrors?.count).toBe(1);
    expect(parse(errors, { columns: true })).toHaveLength(1);
  });
});

describe('values that the model does not know', () => {
  const colours = model({
    inputs: [value('colour', 'string'), value('n', 'float32')],
    outputs: [value('sum', 'float32')],
    nodes: [
      node('OneHotEncoder', ['colour'], ['hot'], { cats_strings: ['red', 'green'], zeros: 1 }, ml),
      node('ReduceSum', ['hot'], ['known'], { keepdims: 0, noop_with_empty_axes: 0 }),
      node('Add', ['n', 'known'], ['sum']),
    ],
  });
  const rows = Array.from(
    { length: 9000 },
    (_, i) => `${['red', 'green', 'blue', `c${i}`][i % 4]},${i % 100 === 2 ? 'x' : 1}`,
  );

  test.each([1, 3])('are counted by column with %i workers', async (count) => {
    await withEngine(
      colours,
      async (on) => {
        const scored = await score(on, `colour,n\n${rows.join('\n')}\n`, {
          rowErrors: { kind: 'skip' },
          limits: { blockBytes: 5000 },
        });
        // Every other row, without the 90 that are at fault: they all have the colour blue.
        expect(scored.result).toMatchObject({ rowErrors: { count: 90 }, unseen: { colour: 4410 } });
      },
      count,
    );
  });
});

test('rows at fault fill a batch as good ones do: what they add to dictionaries has room', async () => {
  const lone = model({
    inputs: [value('t', 'string'), value('n', 'float32')],
    outputs: [value('sum', 'float32')],
    nodes: [
      node('OneHotEncoder', ['t'], ['hot'], { cats_strings: ['a'], zeros: 1 }, ml),
      node('ReduceSum', ['hot'], ['known'], { keepdims: 0, noop_with_empty_axes: 0 }),
      node('Add', ['n', 'known'], ['sum']),
    ],
  });
  const lines = Array.from({ length: 20_000 }, (_, i) => `c${i},${i === 19_999 ? 5 : 'x'}`);
  const { text, result } = await scoreOnce(lone, `t,n\n${lines.join('\n')}\n`, {
    rowErrors: { kind: 'skip' },
  });
  expect(text).toBe('t,n,Scored Labels\nc19999,5,5\n');
  expect(result.rowErrors.count).toBe(19_999);
  expect(result.unseen).toEqual({ t: 1 });
});

test('random rows: every one is in the output or in the error file, in order', async () => {
  process.stdout.write(`row-errors: seed ${seed}\n`);
  const cell = fc.constantFrom('1', '2.5', '-3', 'x', '', '"4"', '"a,b"', '"q""q"', '"l\nl"', 'é', '"t"u');
  const row = fc.array(cell, { minLength: 1, maxLength: 4 });
  const files = fc.record({
    rows: fc.array(row, { maxLength: 40 }),
    end: fc.constantFrom('\n', '\r\n'),
    blockBytes: fc.integer({ min: 16, max: 200 }),
    chunkBytes: fc.integer({ min: 1, max: 100 }),
    kind: fc.constantFrom('skip' as const, 'blank' as const),
  });
  await fc.assert(
    fc.asyncProperty(files, async ({ rows, end, blockBytes, chunkBytes, kind }) => {
      const lines = rows.map((cells) => cells.join(',')).filter((line) => line !== '');
      const text = ['t,age', ...lines].join(end) + end;
      const wrong = lines.map((line) => /"t"u/.test(line) || !isGood(line));
      const options = { chunkBytes, limits: { blockBytes } };
      const one = await run(text, { kind }, options);
      expect(await run(text, { kind }, options, workers)).toEqual(one);
      const filed = parse(one.errors, { from: 2 });
      expect(filed.map((fields) => [Number(fields[2]), fields[6]])).toEqual(
        lines.flatMap((line, i) => (wrong[i] === true ? [[i + 1, line]] : [])),
      );
      const out = parse(one.text, { from: 2 });
      expect(out.every((fields) => fields.length === 3)).toBe(true);
      const scored = lines.flatMap((_, i) => (wrong[i] === true ? (kind === 'skip' ? [] : [false]) : [true]));
      expect(out.map((fields) => fields[2] !== '')).toEqual(scored);
    }),
    { seed, numRuns: 100_000, interruptAfterTimeLimit: timeMs, markInterruptAsFailure: false },
  );
});

/** What csv-parse makes of the line: two columns, the second a number. */
function isGood(line: string): boolean {
  const [fields = []] = parse(line);
  return fields.length === 2 && fields[1]?.trim() !== '' && Number.isFinite(Number(fields[1]));
}
