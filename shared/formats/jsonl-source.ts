/** JSON Lines: an object a line, whose members are the columns; the first line says which there are. */
import { ScoringError } from '../scoring/scoring-error.ts';
import { csvRecord } from './csv-text.ts';
import { createRowLines, type RowLines } from './row-lines.ts';
import { take } from './take.ts';
import type { ColumnType, TableSource } from './table-source.ts';

type Fields = Readonly<Record<string, unknown>>;
type Reviver = (this: unknown, key: string, value: unknown) => unknown;

/** Digits or exponents that a double may not hold; then numbers are kept as they are written. */
const longNumber = /\d{16}|\d[eE]\+?\d{3}/;

/** Both since V8 11.4, which the library's types do not know yet. */
type Context = { readonly source?: string };
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** Wherever they are; `JSON.stringify` gives their own texts back. */
const exactNumbers = ((_key: string, value: unknown, context?: Context) =>
  typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
    ? rawJSON(context.source)
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
  readonly columns: ReadonlySet<string>;
  readonly lines: RowLines;
  readonly unreadable: Map<number, string>;
};

const isBlank = (line: string): boolean => line.trim() === '';

/** A row that cannot be read gets a cell more than there are columns: the engine finds it, and asks for the reason. */
function recordOf(state: State, line: string): string {
  const row = state.lines.passRow();
  const fields = fieldsOf(line);
  const columns = [...state.columns];
  if (fields !== undefined && Object.keys(fields).every((name) => state.columns.has(name))) {
    return csvRecord(columns.map((name) => cellOf(Object.hasOwn(fields, name) ? fields[name] : undefined)));
  }
  const reason = fields === undefined ? 'no JSON object' : 'a member that the first line does not have';
  state.unreadable.set(row, reason);
  return csvRecord([...columns.map(() => ''), line]);
}

async function* records(
  state: State,
  first: string[],
  lines: AsyncGenerator<string[], void>,
): AsyncGenerator<Uint8Array, void> {
  for (let part: string[] | void = first; part !== undefined; part = (await lines.next()).value) {
    let text = '';
    for (const line of part) {
      if (isBlank(line)) state.lines.passLine();
      else text += recordOf(state, line);
    }
    if (text !== '') yield Buffer.from(text);
  }
}

/** @throws ScoringError `InputParseError` when the first line is no object, or the file is empty */
export async function openJsonLines(
  lines: AsyncGenerator<string[], void>,
  sourceName: string,
): Promise<TableSource> {
  let first: string[] = [];
  let blank = 0;
  while (first.length === 0) {
    const next = await lines.next();
    if (next.done === true) {
      const text = `${sourceName} is empty: its first line must be a JSON object, whose members are the columns.`;
      throw new ScoringError('InputParseError', text);
    }
    const begin = next.value.findIndex((line) => !isBlank(line));
    if (begin >= 0) first = next.value.slice(begin);
    blank += begin < 0 ? next.value.length : begin;
  }
  const fields = fieldsOf(first[0] ?? '');
  if (fields === undefined || Object.keys(fields).length === 0) {
    const text = `${sourceName} line ${blank + 1}: expected a JSON object, whose members are the columns.`;
    throw new ScoringError('InputParseError', text);
  }
  const columns = Object.keys(fields);
  const rowLines = createRowLines(blank);
  const state: State = { columns: new Set(columns), lines: rowLines, unreadable: new Map() };
  async function* all(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from(csvRecord(columns));
    yield* records(state, first, lines);
  }
  return {
    source: all(),
    delimiter: ',',
    origin: {
      lineOf: rowLines.lineOf,
      unreadable: (row) => take(state.unreadable, row),
    },
    types: Object.values(JSON.parse(first[0] ?? '') as Fields).map(typeOf),
  };
}
