/** The generator of census-like CSV: the same from the same seed, well formed, and of the model's columns. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { censusColumns, censusCsv } from '../../shared/samples/adult-census/census-csv.ts';

const root = join(import.meta.dirname, '../..');

async function text(rows: number, seed: number): Promise<string> {
  let all = '';
  for await (const chunk of censusCsv({ rows, seed })) all += chunk;
  return all;
}

describe('the same seed', () => {
  test('gives the same text, on every machine and in every version', async () => {
    const csv = await text(2_000, 7);
    expect(await text(2_000, 7)).toBe(csv);
    expect(createHash('sha256').update(csv).digest('hex')).toBe(expectedHash);
    expect(await text(2_000, 8)).not.toBe(csv);
  });

  test('begins with the same rows however many are asked for', async () => {
    const short = await text(10, 3);
    expect((await text(1_000, 3)).startsWith(short)).toBe(true);
  });
});

describe('the shape', () => {
  test('rows are as many as asked for, with the columns of the header, as csv-parse reads them', async () => {
    const [header, ...rows] = parse(await text(5_000, 1));
    expect(header).toEqual([...censusColumns]);
    expect(rows).toHaveLength(5_000);
  });

  test('no rows are a header only', async () => {
    expect(await text(0, 1)).toBe(`${censusColumns.join(',')}\n`);
  });

  test('numbers lie in the ranges of the public data, and text columns have missing values', async () => {
    const rows = parse<Record<string, string>>(await text(5_000, 2), { columns: true });
    const ranges = {
      age: [17, 90],
      fnlwgt: [12_285, 1_484_705],
      'education-num': [1, 16],
      'capital-gain': [0, 41_310],
      'capital-loss': [0, 4_356],
      'hours-per-week': [1, 99],
    };
    for (const [column, [min, max]] of Object.entries(ranges)) {
      const values = rows.map((row) => Number(row[column]));
      expect(values.every((value) => Number.isInteger(value) && value >= min! && value <= max!)).toBe(true);
      expect(new Set(values).size).toBeGreaterThan(10);
    }
    for (const column of ['workclass', 'occupation', 'native-country']) {
      const missing = rows.filter((row) => row[column] === '?').length;
      expect(missing).toBeGreaterThan(20);
      expect(missing).toBeLessThan(600);
    }
  });

  test('some fields need their quotes: commas, quotes and letters beyond ASCII', async () => {
    const csv = await text(2_000, 4);
    const remarks = parse<Record<string, string>>(csv, { columns: true }).map((row) => row['remark']);
    expect(remarks).toContain('moved, new address unknown');
    expect(remarks).toContain('says "retired, more or less"');
    expect(remarks).toContain('second visit; café, not at home');
    expect(csv).toContain(',"Private",');
  });

  test('the categories are those that the model was trained on', async () => {
    const model = readFileSync(join(root, 'shared/samples/adult-census/adult-lr.onnx'), 'latin1');
    const rows = parse<Record<string, string>>(await text(3_000, 5), { columns: true });
    for (const column of ['workclass', 'education', 'marital-status', 'occupation', 'relationship', 'race']) {
      for (const value of new Set(rows.map((row) => row[column]))) expect(model).toContain(value);
    }
  });
});

test('it is streamed: a long file comes in chunks that end with a row', async () => {
  let chunks = 0;
  for await (const chunk of censusCsv({ rows: 1e9, seed: 1 })) {
    expect(chunk.endsWith('\n')).toBe(true);
    expect(chunk.length).toBeLessThan(110_000);
    if (++chunks === 20) break;
  }
  expect(chunks).toBe(20);
});

describe('the script', () => {
  const run = promisify(execFile);
  const script = join(root, 'shared/cli/sample.ts');

  test('writes to its standard output', async () => {
    const { stdout } = await run(process.execPath, [script, '--rows', '50', '--seed', '9']);
    expect(stdout).toBe(await text(50, 9));
  });

  test('refuses what is no number', async () => {
    await expect(run(process.execPath, [script, '--rows', 'many'])).rejects.toMatchObject({ code: 1 });
  });
});

const expectedHash = 'c297497aae209195b4b6dacce18402b19ec8ccc1c257ffd79e359f5715403fb8';
