/** JSON Lines: an object a line, whose members are the columns; the first line says which there are. */
import { ScoringError } from '../scoring/scoring-error.ts';
import { csvChunks, csvRecord } from './csv-text.ts';
import { notUtf8, type Line } from './lines.ts';
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

function typeOf(value: unknown): ColumnType {
  if (value === null) return 'text-or-null';
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'text' : 'json';
}

/** Of a number that is kept as it is written, too. */
function plainTypeOf(value: unknown): ColumnType {
  return typeOf(JSON.parse(JSON.stringify(value)));
}

type State = {
  readonly columns: ReadonlySet<string>;
  readonly types: ColumnType[];
  /** Places of the columns that have had no value yet. */
  readonly valueless: Map<string, number>;
  readonly lines: RowLines;
  readonly unreadable: Map<number, string>;
};

const isBlank = (line: Line): boolean => typeof line === 'string' && line.trim() === '';

/** `"\ud800"` in JSON: it would become another character on its way through the engine. */
const halfPair = 'half of a surrogate pair, which is no character';

/** A row that cannot be read gets a cell more than there are columns: the engine finds it, and asks for the reason. */
function unreadableRecord(state: State, row: number, line: string, reason: string): string {
  state.unreadable.set(row, reason);
  return csvRecord([...Array.from(state.columns, () => ''), line]);
}

/** Nothing for a blank line. */
function recordOf(state: State, line: Line): string {
  if (isBlank(line)) {
    state.lines.passLine();
    return '';
  }
  const row = state.lines.passRow();
  if (typeof line !== 'string') return unreadableRecord(state, row, line.damaged, notUtf8);
  const fields = fieldsOf(line);
  if (fields === undefined) return unreadableRecord(state, row, line, 'no JSON object');
  if (!Object.keys(fields).every((name) => state.columns.has(name))) {
    return unreadableRecord(state, row, line, 'a member that the first line does not have');
  }
  const cells = Array.from(state.columns, (name) =>
    cellOf(Object.hasOwn(fields, name) ? fields[name] : undefined),
  );
  const record = csvRecord(cells);
  if (!record.isWellFormed()) return unreadableRecord(state, row, line, halfPair);
  if (state.valueless.size > 0) noteTypes(state, fields);
  return record;
}

function noteTypes({ types, valueless }: State, fields: Fields): void {
  for (const [name, place] of valueless) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (value === undefined || value === null) continue;
    valueless.delete(name);
    const type = plainTypeOf(value);
    if (type !== 'text') types[place] = type;
  }
}

async function* records(
  state: State,
  first: Line[],
  lines: AsyncGenerator<Line[], void>,
): AsyncGenerator<Uint8Array, void> {
  for (let part: Line[] | void = first; part !== undefined; part = (await lines.next()).value) {
    const here = part;
    yield* csvChunks(here.length, (i) => recordOf(state, here[i] ?? ''));
  }
}

/** @throws ScoringError `InputParseError` when the first line is no object, or the file is empty */
export async function openJsonLines(
  lines: AsyncGenerator<Line[], void>,
  sourceName: string,
): Promise<TableSource> {
  let first: Line[] = [];
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
  const place = `${sourceName} line ${blank + 1}`;
  const head = first[0] ?? '';
  if (typeof head !== 'string') throw new ScoringError('InputParseError', `${place}: ${notUtf8}.`);
  const fields = fieldsOf(head);
  if (fields === undefined || Object.keys(fields).length === 0) {
    const text = `${place}: expected a JSON object, whose members are the columns.`;
    throw new ScoringError('InputParseError', text);
  }
  const columns = Object.keys(fields);
  if (!columns.join('').isWellFormed()) {
    throw new ScoringError('InputParseError', `${place}: the name of a member has ${halfPair}.`);
  }
  const rowLines = createRowLines(blank);
  const types = Object.values(fields).map(plainTypeOf);
  const state: State = {
    columns: new Set(columns),
    types,
    valueless: new Map(columns.map((name, place) => [name, place])),
    lines: rowLines,
    unreadable: new Map(),
  };
  async function* all(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from(csvRecord(columns));
    yield* records(state, first, lines);
  }
  return {
    source: all(),
    delimiter: ',',
    origin: {
      lineOf: rowLines.lineOf,
      written: rowLines.forget,
      unreadable: (row) => take(state.unreadable, row),
    },
    types,
  };
}
