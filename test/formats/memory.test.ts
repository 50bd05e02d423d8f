/** What a file makes of its few bytes is handed on in small parts, and what is known of rows is forgotten behind them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { openTable } from '../../shared/formats/open-table.ts';
import { createRowLines } from '../../shared/formats/row-lines.ts';
import { formatOf } from './convert.ts';

const mib = 1024 * 1024;

/** Lengths of the chunks that a file becomes. */
async function chunkBytes(file: Uint8Array, name: string): Promise<number[]> {
  const table = await openTable(
    {
      bytes: file.length,
      stream: async function* () {
        yield file;
      },
      read: async (start, end) => new Uint8Array(file.slice(start, end)).buffer,
    },
    formatOf(name),
    name,
  );
  const lengths: number[] = [];
  for await (const chunk of table.source) lengths.push(chunk.length);
  return lengths;
}

describe('chunks are bounded by their length', () => {
  test('parquet: one long text in many rows', async () => {
    const text = 'x'.repeat(100_000);
    const columnData = [{ name: 't', data: Array.from({ length: 200 }, () => text) }];
    const file = new Uint8Array(parquetWriteBuffer({ columnData }));
    const lengths = await chunkBytes(file, 'a.parquet');
    expect(lengths.reduce((sum, length) => sum + length)).toBeGreaterThan(200 * text.length);
    expect(Math.max(...lengths)).toBeLessThan(mib + 2 * text.length);
  });

  test.each([
    ['a.jsonl', `{${Array.from({ length: 1_000 }, (_, i) => `"c${i}":1`).join(',')}}\n`, '{}\n'],
    [
      'a.arff',
      `${Array.from({ length: 1_000 }, (_, i) => `@attribute c${i} real\n`).join('')}@data\n`,
      '{0 1}\n',
    ],
  ])('%s: short lines of many columns', async (name, head, line) => {
    const lengths = await chunkBytes(Buffer.from(head + line.repeat(5_000)), name);
    expect(lengths.reduce((sum, length) => sum + length)).toBeGreaterThan(5_000 * 1_000);
    expect(Math.max(...lengths)).toBeLessThan(mib + 10_000);
  });

  test('parquet: a row too long for the engine is not even made', async () => {
    const text = 'x'.repeat(mib);
    const columnData = Array.from({ length: 17 }, (_, i) => ({ name: `c${i}`, data: ['', text] }));
    const file = new Uint8Array(parquetWriteBuffer({ columnData }));
    await expect(chunkBytes(file, 'a.parquet')).rejects.toThrow(
      'a.parquet row 2 is longer than 16777216 bytes.',
    );
  });
});

describe('lines of rows', () => {
  test('forgetting changes none of them', () => {
    for (const step of [1, 2, 7, 100]) {
      const lines = createRowLines(3);
      const expected: number[] = [];
      for (let n = 0; n < 1_000; n++) {
        const gap = n % 5 === 0 ? 0 : n % 3;
        for (let i = 0; i < gap; i++) lines.passLine();
        lines.passRow();
        expected.push((expected.at(-1) ?? 3) + gap + 1);
        if (n % step !== 0) continue;
        // Rows are asked for well behind the ones that have been passed.
        const row = Math.max(1, n - 50);
        expect(lines.lineOf(row)).toBe(expected[row - 1]);
        lines.forget(row);
      }
      expect(lines.lineOf(1_000)).toBe(expected[999]);
    }
  });

  test('a gap at every row takes no memory once the rows are written', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heapBytes = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const lines = createRowLines(0);
    const before = heapBytes();
    for (let n = 0; n < 1_000_000; n++) {
      lines.passLine();
      const row = lines.passRow();
      if (row % 10_000 === 0) lines.forget(row - 5_000);
    }
    expect(heapBytes() - before).toBeLessThan(4 * mib);
    expect(lines.lineOf(1_000_000)).toBe(2_000_000);
  });
});
