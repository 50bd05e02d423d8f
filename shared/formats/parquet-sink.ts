/** Parquet out: rows are gathered into row groups of bounded size, each passed on as soon as it is full. */
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { comma, tab } from '../scoring/csv-bytes.ts';
import { parseInt64 } from '../scoring/parse-int64.ts';
import { numberOf } from '../scoring/parse-number.ts';
import { createRowReader } from './row-reader.ts';
import type { ByteTarget } from './table-sink.ts';
import type { ColumnType } from './table-source.ts';
import { uniqueNames } from './unique-names.ts';

/** A row group ends at the first of both. */
const groupRows = 100_000;
const groupChars = 16 * 1024 * 1024;

const basicTypes = {
  number: 'DOUBLE',
  integer: 'INT64',
  boolean: 'BOOLEAN',
  text: 'STRING',
  'text-or-null': 'STRING',
  json: 'STRING',
} as const;
const infinite = new Set(['Infinity', '-Infinity']);

/** Null for an empty cell, and for one that is not what its column holds; numbers are read as the engine reads them. */
function valueOf(cell: string, type: ColumnType): unknown {
  if (type === 'text') return cell;
  if (type === 'text-or-null') return cell === '' ? null : cell;
  if (cell.trim() === '') return null;
  switch (type) {
    case 'number': {
      // What a model has computed may be infinite, and is written so.
      const value = infinite.has(cell) ? Number(cell) : numberOf(cell);
      return Number.isNaN(value) ? null : value;
    }
    case 'integer': {
      const bytes = Buffer.from(cell);
      return parseInt64(bytes, 0, bytes.length) ?? null;
    }
    case 'boolean':
      return cell === 'true' ? true : cell === 'false' ? false : null;
    case 'json':
      return cell;
  }
}

/** What the writer has written since the last time. */
function takeBytes(writer: ByteWriter): Uint8Array {
  const bytes = writer.getBytes().slice();
  writer.index = 0;
  return bytes;
}

type Column = { readonly name: string; readonly type: ColumnType; data: unknown[] };

/** @param delimiter of what is written to it */
export function parquetSink(
  target: ByteTarget,
  delimiter: ',' | '\t',
  typesOf: (names: readonly string[]) => readonly ColumnType[],
): ByteTarget {
  const reader = createRowReader(delimiter === '\t' ? tab : comma, 'utf8');
  const bytes = new ByteWriter();
  let columns: Column[] | undefined;
  let parquet: ParquetWriter | undefined;
  let rows = 0;
  let chars = 0;
  const columnData = () =>
    (columns ?? []).map(({ name, type, data }) => ({ name, data, type: basicTypes[type], nullable: true }));
  const begin = (names: readonly string[]): void => {
    const types = typesOf(names);
    columns = uniqueNames(names).map((name, i) => ({ name, type: types[i] ?? 'text', data: [] }));
    parquet = new ParquetWriter({
      writer: bytes,
      schema: schemaFromColumnData({ columnData: columnData() }),
    });
  };
  const endGroup = async (): Promise<void> => {
    if (rows > 0) await parquet?.write({ columnData: columnData(), rowGroupSize: rows });
    for (const column of columns ?? []) column.data = [];
    rows = 0;
    chars = 0;
    await target.write(takeBytes(bytes));
  };
  const pass = async (records: readonly string[][]): Promise<void> => {
    for (const record of records) {
      if (columns === undefined) {
        begin(record);
        continue;
      }
      for (const [i, column] of columns.entries()) {
        const cell = record[i] ?? '';
        column.data.push(valueOf(cell, column.type));
        chars += cell.length;
      }
      rows++;
      if (rows >= groupRows || chars >= groupChars) await endGroup();
    }
  };
  return {
    write: (chunk) => pass(reader.push(chunk)),
    end: async () => {
      await pass(reader.end());
      await endGroup();
      await parquet?.finish();
      await target.write(takeBytes(bytes));
      await target.end();
    },
  };
}
