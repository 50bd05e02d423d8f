/** The text formats that rows are written in. */
import { tab, comma } from '../scoring/csv-bytes.ts';
import { numberOf } from '../scoring/parse-number.ts';
import { csvRecord } from './csv-text.ts';
import type { RowFormat } from './row-sink.ts';
import type { ColumnType } from './table-source.ts';
import { uniqueNames } from './unique-names.ts';

type TypesOf = (names: readonly string[]) => readonly ColumnType[];

/** Bytes stay as they are, in other quotes. */
export function delimited(delimiter: ',' | '\t'): RowFormat {
  const byte = delimiter === '\t' ? tab : comma;
  const record = (cells: readonly string[]): string => csvRecord(cells, byte);
  return { encoding: 'latin1', head: record, rows: (rows) => rows.map(record).join('') };
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function numberJson(cell: string): string | undefined {
  const text = cell.trim();
  if (jsonNumber.test(text)) return text;
  const value = numberOf(text);
  return Number.isFinite(value) ? String(value) : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A cell that is not what its column holds stays a text. */
function jsonOf(cell: string, type: ColumnType): string {
  if (type === 'text') return JSON.stringify(cell);
  if (cell === '') return 'null';
  switch (type) {
    case 'text-or-null':
      return JSON.stringify(cell);
    case 'number':
    case 'integer':
      return numberJson(cell) ?? JSON.stringify(cell);
    case 'boolean':
      return cell === 'true' || cell === 'false' ? cell : JSON.stringify(cell);
    case 'json':
      return isJson(cell) ? cell : JSON.stringify(cell);
  }
}

export function jsonLines(typesOf: TypesOf): RowFormat {
  let names: readonly string[] = [];
  let keys: string[] = [];
  const line = (row: readonly string[], types: readonly ColumnType[]): string =>
    `{${keys.map((key, i) => `${key}:${jsonOf(row[i] ?? '', types[i] ?? 'text')}`).join(',')}}\n`;
  return {
    encoding: 'utf8',
    head: (head) => {
      names = head;
      keys = uniqueNames(names).map((name) => JSON.stringify(name));
      return '';
    },
    rows: (rows) => {
      // Anew each time: the source may have learned of one.
      const types = typesOf(names);
      return rows.map((row) => line(row, types)).join('');
    },
  };
}

/** A missing value is `?`. */
function arffCell(cell: string): string {
  if (cell === '' || cell === '?') return '?';
  if (!/[\s,'"%{}\\]/.test(cell)) return cell;
  const escaped = cell
    .replaceAll(/['\\]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`);
  return `'${escaped}'`;
}

export function arff(typesOf: TypesOf): RowFormat {
  return {
    encoding: 'utf8',
    head: (names) => {
      const types = typesOf(names);
      const attributes = uniqueNames(names).map((name, i) => {
        const isNumber = types[i] === 'number' || types[i] === 'integer';
        return `@attribute ${name === '' ? "''" : arffCell(name)} ${isNumber ? 'numeric' : 'string'}\n`;
      });
      return `@relation scored\n\n${attributes.join('')}\n@data\n`;
    },
    rows: (rows) => rows.map((row) => `${row.map(arffCell).join(',')}\n`).join(''),
  };
}
