/** Random CSV files, read by csv-parse and by the engine: whatever the oracle reads, the engine must have read too. */
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine, type Engine } from '../../shared/scoring/engine.ts';
import { ScoringError } from '../../shared/scoring/scoring-error.ts';
import { echoModel } from './onnx-fixtures.ts';
import { score } from './score-text.ts';

const seed = Number(process.env['MILLPOND_CSV_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const timeMs = Number(process.env['MILLPOND_CSV_MS'] ?? 4000);
process.stdout.write(`csv-oracle: seed ${seed} (MILLPOND_CSV_SEED=${seed} repeats it)\n`);
const bounded = { seed, numRuns: 100_000, interruptAfterTimeLimit: timeMs, markInterruptAsFailure: false };

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ modelBytes: echoModel('s', 'string'), workers: 2 });
});
afterAll(async () => {
  await engine.close();
});

const oracleOptions = { bom: true, skip_empty_lines: true, record_delimiter: ['\r\n', '\n'] };

/** The file as written and what the engine must add to it: column `s` of each row. */
async function agree(
  text: string,
  delimiter: ',' | '\t',
  chunkBytes: number,
  blockBytes: number,
): Promise<void> {
  const own = parse(text, { ...oracleOptions, delimiter });
  const column = own[0]?.indexOf('s') ?? -1;
  const output = await score(engine, text, { delimiter, chunkBytes, limits: { blockBytes } });
  const scored = parse(output.text, { ...oracleOptions, delimiter });
  expect(scored).toEqual(own.map((row, i) => [...row, i === 0 ? 'Scored Labels' : (row[column] ?? '')]));
  expect(output.result.rows).toBe(own.length - 1);
}

const pieces = ['a', 'b', '1', ' ', '"', ',', '\t', '\n', '\r\n', '\r', 'é', '😀', '', 'long text', '?'];
const cell = fc.array(fc.constantFrom(...pieces), { maxLength: 5 }).map((parts) => parts.join(''));
const sizes = { chunkBytes: fc.integer({ min: 1, max: 60 }), blockBytes: fc.integer({ min: 16, max: 100 }) };

test('files as writers make them', async () => {
  const record = fc.record({
    columns: fc.integer({ min: 1, max: 4 }),
    at: fc.nat(3),
    rows: fc.array(
      fc.array(fc.record({ text: cell, quoted: fc.boolean() }), { minLength: 4, maxLength: 4 }),
      { maxLength: 30 },
    ),
    ends: fc.array(fc.constantFrom('\n', '\r\n', '\n\n', '\r\n\r\n\n'), { minLength: 1, maxLength: 5 }),
    finalEnd: fc.boolean(),
    bom: fc.boolean(),
    delimiter: fc.constantFrom(',' as const, '\t' as const),
    ...sizes,
  });
  await fc.assert(
    fc.asyncProperty(
      record,
      async ({ columns, at, rows, ends, finalEnd, bom, delimiter, chunkBytes, blockBytes }) => {
        const header = Array.from({ length: columns }, (_, i) => (i === at % columns ? 's' : `c${i}`)).join(
          delimiter,
        );
        const lines = rows.map((row) =>
          row
            .slice(0, columns)
            .map(({ text, quoted }) => {
              // A lone cell that is empty would be a blank line; csv-parse drops a BOM inside the first cell only.
              const must = /[",\t\r\n]/.test(text) || (columns === 1 && text === '');
              return quoted || must ? `"${text.replaceAll('"', '""')}"` : text;
            })
            .join(delimiter),
        );
        const text = [header, ...lines].reduce(
          (sum, line, i) => sum + (i === 0 ? '' : (ends[i % ends.length] ?? '\n')) + line,
          '',
        );
        await agree(
          (bom ? '\uFEFF' : '') + text + (finalEnd ? '\r\n' : ''),
          delimiter,
          chunkBytes,
          blockBytes,
        );
      },
    ),
    bounded,
  );
});

test('files as nobody should make them: read alike, or refused', async () => {
  const soup = fc.record({
    body: fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join('')),
    ...sizes,
  });
  let read = 0;
  await fc.assert(
    fc.asyncProperty(soup, async ({ body, chunkBytes, blockBytes }) => {
      // A file that ends in the middle of CRLF is read as if it were whole, the oracle takes the half for data.
      const text = `t,s\n${body}${body.endsWith('\r') ? '\n' : ''}`;
      const oracle = (() => {
        try {
          return parse(text, oracleOptions);
        } catch {
          return undefined;
        }
      })();
      if (oracle !== undefined) {
        read++;
        await agree(text, ',', chunkBytes, blockBytes);
        return;
      }
      // Refused by the oracle: refused here with a place, or read with a quote inside of a plain cell as text.
      const outcome = await score(engine, text, { chunkBytes, limits: { blockBytes } }).catch(
        (error: unknown) => error,
      );
      if (outcome instanceof Error) {
        expect(outcome).toBeInstanceOf(ScoringError);
        expect(outcome.message).toMatch(/^data\.csv line \d+ \(row \d+\)/);
      } else expect(text).toMatch(/[^",\n]"/);
    }),
    bounded,
  );
  expect(read).toBeGreaterThan(0);
});
