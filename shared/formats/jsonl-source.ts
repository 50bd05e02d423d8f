/** JSON Lines: an object a line, whose members are the columns; the first line says which there are. */
import { ScoringError } from '../scoring/scoring-error.ts';
import { csvRecord } from './csv-text.ts';
import { linesOf } from './lines.ts';
import { take } from './take.ts';
import type { ColumnType, TableSource } from './table-source.ts';

type Fields = Readonly<Record<string, unknown>>;
type Reviver = (this: unknown, key: string, value: unknown) => unknown;

/** Digits that a double may not hold; then numbers are kept as they are written. */
const longNumber = /\d{16}/;

/** Node gives the number's own text since V8 11.4; the library's types do not know it yet. */
const exactNumbers = ((_key: string, value: unknown, context?: { readonly source?: string }) =>
  typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
    ? context.source
    : value) as Reviver;

function fieldsOf(line: string): Fields | undefined {
  try {
    const value: unknown = longNumber.test(line) ? JSON.parse(line, exactNumbers) : JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function typeOf(value: unknown): ColumnType | undefined {
  if (value === null) return undefined;
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'text' : 'json';
}

type State = {
  readonly sourceName: string;
  columns: readonly string[];
  rows: number;
  /** Row numbers in front of which a line is blank. */
  readonly blankBefore: number[];
  readonly unreadable: Map<number, string>;
};

/** A row that cannot be read gets a cell more than there are columns: the engine finds it, and asks for the reason. */
function recordOf(state: State, line: string): string {
  state.rows++;
  const fields = fieldsOf(line);
  const { columns, rows } = state;
  const reason =
    fields === undefined
      ? 'no JSON object'
      : Object.keys(fields).length > columns.length ||
          Object.keys(fields).some((name) => !columns.includes(name))
        ? 'a member that the first line does not have'
        : undefined;
  if (fields === undefined || reason !== undefined) {
    state.unreadable.set(rows, reason ?? '');
    return csvRecord([...columns.map(() => ''), line]);
  }
  return csvRecord(columns.map((name) => cellOf(Object.hasOwn(fields, name) ? fields[name] : undefined)));
}

async function* records(
  state: State,
  first: string[],
  lines: AsyncGenerator<string[], void>,
): AsyncGenerator<Uint8Array, void> {
  for (let part: string[] | void = first; part !== undefined; part = (await lines.next()).value) {
    let text = '';
    for (const line of part) {
      if (line.trim() === '') state.blankBefore.push(state.rows + 1);
      else text += recordOf(state, line);
    }
    if (text !== '') yield Buffer.from(text);
  }
}

/** @throws ScoringError `InputParseError` when the first line is no object, or the file is empty */
export async function openJsonLines(
  source: AsyncIterable<Uint8Array>,
  sourceName: string,
): Promise<TableSource> {
  const lines = linesOf(source, sourceName);
  const state: State = { sourceName, columns: [], rows: 0, blankBefore: [], unreadable: new Map() };
  let first: string[] = [];
  for (;;) {
    const next = await lines.next();
    if (next.done === true) break;
    first = [...first, ...next.value];
    if (first.some((line) => line.trim() !== '')) break;
  }
  const index = first.findIndex((line) => line.trim() !== '');
  const fields = index < 0 ? undefined : fieldsOf(first[index] ?? '');
  if (fields === undefined || Object.keys(fields).length === 0) {
    const text =
      index < 0
        ? `${sourceName} is empty: its first line must be a JSON object, whose members are the columns.`
        : `${sourceName} line ${index + 1}: expected a JSON object, whose members are the columns.`;
    throw new ScoringError('InputParseError', text);
  }
  state.columns = Object.keys(fields);
  async function* all(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from(csvRecord(state.columns));
    yield* records(state, first, lines);
  }
  return {
    source: all(),
    delimiter: ',',
    origin: {
      lineOf: (row) => row + state.blankBefore.filter((before) => before <= row).length,
      unreadable: (row) => take(state.unreadable, row),
    },
    types: Object.values(JSON.parse(first[index] ?? '') as Fields).map(typeOf),
  };
}
