/** Random CSV files, read by csv-parse and by the engine: whatever the oracle reads, the engine must have read too. */
import assert from 'node:assert/strict';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import type { Engine } from '../../shared/scoring/engine.ts';
import { ScoringError } from '../../shared/scoring/scoring-error.ts';
import { score } from './score-text.ts';

const oracleOptions = { bom: true, skip_empty_lines: true, record_delimiter: ['\r\n', '\n'] };

/** The file as written and what the engine must add to it: column `s` of each row. */
async function agree(
  engine: Engine,
  text: string,
  delimiter: ',' | '\t',
  chunkBytes: number,
  blockBytes: number,
): Promise<void> {
  const own = parse(text, { ...oracleOptions, delimiter });
  const column = own[0]?.indexOf('s') ?? -1;
  const output = await score(engine, text, { delimiter, chunkBytes, limits: { blockBytes } });
  const scored = parse(output.text, { ...oracleOptions, delimiter });
  assert.deepEqual(
    scored,
    own.map((row, i) => [...row, i === 0 ? 'Scored Labels' : (row[column] ?? '')]),
  );
  assert.equal(output.result.rows, own.length - 1);
}

const pieces = ['a', 'b', '1', ' ', '"', ',', '\t', '\n', '\r\n', '\r', 'é', '😀', '', 'long text', '?'];
const cell = fc.array(fc.constantFrom(...pieces), { maxLength: 5 }).map((parts) => parts.join(''));
const sizes = { chunkBytes: fc.integer({ min: 1, max: 60 }), blockBytes: fc.integer({ min: 16, max: 100 }) };

/** Files as writers make them. @param engine of a model that echoes the text column `s` */
export function writtenFiles(engine: Engine) {
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
  return fc.asyncProperty(
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
        engine,
        (bom ? '\uFEFF' : '') + text + (finalEnd ? '\r\n' : ''),
        delimiter,
        chunkBytes,
        blockBytes,
      );
    },
  );
}

/** Files as nobody should make them: read alike, or refused. @param onRead called for each that the oracle reads */
export function brokenFiles(engine: Engine, onRead: () => void = () => undefined) {
  const soup = fc.record({
    body: fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join('')),
    ...sizes,
  });
  return fc.asyncProperty(soup, async ({ body, chunkBytes, blockBytes }) => {
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
      onRead();
      await agree(engine, text, ',', chunkBytes, blockBytes);
      return;
    }
    // Refused by the oracle: refused here with a place, or read with a quote inside of a plain cell as text.
    const outcome = await score(engine, text, { chunkBytes, limits: { blockBytes } }).catch(
      (error: unknown) => error,
    );
    if (outcome instanceof Error) {
      assert(outcome instanceof ScoringError);
      assert.match(outcome.message, /^data\.csv line \d+ \(row \d+\)/);
    } else assert.match(text, /[^",\n]"/);
  });
}
