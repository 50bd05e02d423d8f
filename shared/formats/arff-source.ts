/** ARFF: attributes are the columns, a line behind `@data` is a row. */
import { ScoringError } from '../scoring/scoring-error.ts';
import { csvChunks, csvRecord } from './csv-text.ts';
import { notUtf8, type Line } from './lines.ts';
import { createRowLines, type RowLines } from './row-lines.ts';
import { take } from './take.ts';
import type { ColumnType, TableSource } from './table-source.ts';

type Attribute = { readonly name: string; readonly type: ColumnType };

const attributeLine = /^@attribute\s+(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\S+))\s+(\S.*)$/i;
/**
 * No two parts of it match the same blanks: a row of blanks would be tried in every division of them. Outside quotes a
 * comment may begin anywhere, as in Weka.
 */
const cellPattern = /(?:\s*'((?:[^'\\]|\\.)*)'\s*|\s*"((?:[^"\\]|\\.)*)"\s*|([^,'"%]*))(,|%[^]*|$)/y;
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter);
}

function attributeOf(line: string, place: string): Attribute {
  const found = attributeLine.exec(line);
  if (found === null) {
    throw new ScoringError('InputParseError', `${place}: expected "@attribute name type".`);
  }
  const [, single, double, plain, type = ''] = found;
  const isNumber = /^(?:numeric|real|integer)\b/i.test(type);
  return { name: unescape(single ?? double ?? plain ?? ''), type: isNumber ? 'number' : 'text' };
}

/** Undefined for a line that is no list of values, such as a sparse one. */
function cellsOf(line: string): string[] | undefined {
  const cells: string[] = [];
  cellPattern.lastIndex = 0;
  for (;;) {
    const found = cellPattern.exec(line);
    if (found === null) return undefined;
    const [, single, double, plain = '', end] = found;
    const quoted = single ?? double;
    cells.push(quoted === undefined ? plain.trim() : unescape(quoted));
    if (end !== ',') return cells;
  }
}

type State = { readonly columns: number; readonly lines: RowLines; readonly unreadable: Map<number, string> };

function recordOf(state: State, line: Line): string {
  const raw = typeof line === 'string' ? line : line.damaged;
  const text = raw.trim();
  if (text === '' || text.startsWith('%')) {
    state.lines.passLine();
    return '\n';
  }
  const row = state.lines.passRow();
  const cells = typeof line === 'string' && !text.startsWith('{') ? cellsOf(text) : undefined;
  if (cells !== undefined) return csvRecord(cells);
  state.unreadable.set(row, reasonOf(line));
  return csvRecord([...Array.from({ length: state.columns }, () => ''), raw]);
}

/** Why a line is no row. */
function reasonOf(line: Line): string {
  if (typeof line !== 'string') return notUtf8;
  return line.trimStart().startsWith('{')
    ? 'a sparse row, which is not supported'
    : 'quotes that do not close';
}

/** @throws ScoringError `InputParseError` when its head is none of ARFF */
export async function openArff(
  lines: AsyncGenerator<Line[], void>,
  sourceName: string,
): Promise<TableSource> {
  const attributes: Attribute[] = [];
  let passed = 0;
  let rest: Line[] | undefined;
  while (rest === undefined) {
    const next = await lines.next();
    if (next.done === true) {
      throw new ScoringError('InputParseError', `${sourceName} ends without @data: it is no ARFF file.`);
    }
    for (const [index, raw] of next.value.entries()) {
      const line = (typeof raw === 'string' ? raw : raw.damaged).trim();
      passed++;
      if (/^@data\b/i.test(line)) {
        rest = next.value.slice(index + 1);
        break;
      }
      if (/^@attribute\b/i.test(line)) {
        const place = `${sourceName} line ${passed}`;
        if (typeof raw !== 'string') throw new ScoringError('InputParseError', `${place}: ${notUtf8}.`);
        attributes.push(attributeOf(line, place));
      } else if (line !== '' && !line.startsWith('%') && !/^@relation\b/i.test(line)) {
        const text = `${sourceName} line ${passed}: expected @relation, @attribute or @data.`;
        throw new ScoringError('InputParseError', text);
      }
    }
  }
  if (attributes.length === 0) {
    throw new ScoringError('InputParseError', `${sourceName} line ${passed}: no @attribute before @data.`);
  }
  const rowLines = createRowLines(passed);
  const state: State = { columns: attributes.length, lines: rowLines, unreadable: new Map() };
  const first = rest;
  const chunksOf = (part: readonly Line[]) => csvChunks(part.length, (i) => recordOf(state, part[i] ?? ''));
  async function* all(): AsyncGenerator<Uint8Array, void> {
    // A blank line for each that precedes @data: what is wrong with the columns is on that line.
    yield Buffer.from('\n'.repeat(passed - 1) + csvRecord(attributes.map(({ name }) => name)));
    yield* chunksOf(first);
    for await (const part of lines) yield* chunksOf(part);
  }
  return {
    source: all(),
    delimiter: ',',
    origin: {
      lineOf: rowLines.lineOf,
      written: rowLines.forget,
      unreadable: (row) => take(state.unreadable, row),
    },
    types: attributes.map(({ type }) => type),
  };
}
