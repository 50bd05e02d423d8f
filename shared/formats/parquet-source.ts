/** Parquet: read by ranges, one row group at a time. */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  snappyUncompress,
  type AsyncBuffer,
  type SchemaTree,
} from 'hyparquet';
import { quoteValue } from '../scoring/quote-value.ts';
import { ScoringError } from '../scoring/scoring-error.ts';
import { scoringLimits } from '../scoring/scoring-limits.ts';
import { csvChunks, csvRecord } from './csv-text.ts';
import type { ColumnType, TableSource } from './table-source.ts';

/** A file that is read where one wants. @param end excluded */
export type RandomAccess = {
  readonly bytes: number;
  readonly read: (start: number, end: number) => Promise<ArrayBuffer>;
};

/** A row group is decoded whole. What it says of its size is the writer's word: pages are held to it one by one. */
const groupBytesMax = 256 * 1024 * 1024;
/** A column of one value takes a few bytes of the file and a place in memory for each row all the same. */
const groupCellsMax = 32 * 1024 * 1024;

const compressors = {
  SNAPPY: (input: Uint8Array, bytes: number) => {
    atMost(bytes);
    const output = new Uint8Array(bytes);
    snappyUncompress(input, output);
    return output;
  },
  GZIP: (input: Uint8Array, bytes: number) => gunzipSync(input, atMost(bytes)),
  BROTLI: (input: Uint8Array, bytes: number) => brotliDecompressSync(input, atMost(bytes)),
  ZSTD: (input: Uint8Array, bytes: number) => zstdDecompressSync(input, atMost(bytes)),
};

/** A page that unpacks to more than it says is broken: it must not fill the memory first, nor may one say anything. */
function atMost(bytes: number) {
  if (bytes > groupBytesMax) throw new Error(`a page of ${bytes} bytes, more than ${groupBytesMax}`);
  return { maxOutputLength: Math.max(1, bytes) };
}

/** A date holds milliseconds only; digits beyond them are written where there are any. */
function timeText(count: bigint, perMs: 1_000n | 1_000_000n): string {
  const rest = ((count % perMs) + perMs) % perMs;
  const date = new Date(Number((count - rest) / perMs));
  if (Number.isNaN(date.getTime())) return '';
  const digits = rest === 0n ? '' : String(perMs + rest).slice(1);
  return `${date.toISOString().slice(0, -1)}${digits}Z`;
}

const parsers = {
  timestampFromMicroseconds: (count: bigint) => timeText(count, 1_000n),
  timestampFromNanoseconds: (count: bigint) => timeText(count, 1_000_000n),
};

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  // A time beyond what a date can be has no text.
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString();
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
}

/** @throws ScoringError `OutOfMemoryLimit` for a row that the engine would not take, before it is made */
function recordOf(data: readonly ArrayLike<unknown>[], index: number, place: () => string): string {
  const cells = data.map((column) => cellOf(column[index]));
  let chars = 0;
  for (const cell of cells) chars += cell.length;
  if (chars <= scoringLimits.recordBytesMax) return csvRecord(cells);
  const text = `${place()} is longer than ${scoringLimits.recordBytesMax} bytes.`;
  throw new ScoringError('OutOfMemoryLimit', text);
}

function typeOf({ element, children }: SchemaTree): ColumnType {
  if (children.length > 0) return 'json';
  const { type } = element;
  if (type === 'FLOAT' || type === 'DOUBLE') return 'number';
  if (type === 'BOOLEAN') return 'boolean';
  const isInteger = type === 'INT32' || type === 'INT64';
  return isInteger && isPlainInteger(element) ? 'integer' : 'text';
}

/** Dates and decimals are kept as integers too. */
function isPlainInteger({
  converted_type: converted,
  logical_type: logical,
}: SchemaTree['element']): boolean {
  if (converted === undefined && logical === undefined) return true;
  return converted?.includes('INT_') ?? logical?.type === 'INTEGER';
}

function firstTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

/** @throws ScoringError `InputParseError`, here or while it is read; whatever `file` throws */
export async function openParquet(file: RandomAccess, sourceName: string): Promise<TableSource> {
  let fault: { readonly error: unknown } | undefined;
  const buffer: AsyncBuffer = {
    byteLength: file.bytes,
    // As an ArrayBuffer's: places beyond the file's end are the file's fault, not the storage's.
    slice: async (start, end = file.bytes) => {
      const from = start < 0 ? file.bytes + start : start;
      const to = Math.min(end, file.bytes);
      if (!(from >= 0 && from < to)) return new ArrayBuffer(0);
      try {
        return await file.read(from, to);
      } catch (error) {
        fault = { error };
        throw error;
      }
    },
  };
  const attempt = async <T>(reading: () => Promise<T>): Promise<T> => {
    try {
      return await reading();
    } catch (error) {
      // The storage's own words, where it was not the file.
      if (fault !== undefined) throw fault.error;
      const why = error instanceof Error ? error.message : String(error);
      const text = `${sourceName} cannot be read as Parquet: ${why}.`;
      throw new ScoringError('InputParseError', text, { cause: error });
    }
  };
  const metadata = await attempt(() => parquetMetadataAsync(buffer));
  const scan = await attempt(() => parquetScan({ file: buffer, metadata, compressors, parsers }));
  const columns = parquetSchema(metadata).children;
  const names = columns.map(({ element }) => element.name);
  const twice = firstTwice(names);
  if (twice !== undefined) {
    const text = `${sourceName} has more than one column named ${quoteValue(twice)}. Write the file with a name of its own for each column.`;
    throw new ScoringError('InputParseError', text);
  }
  async function* all(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from(csvRecord(names));
    let start = 0;
    for (const [index, group] of metadata.row_groups.entries()) {
      if (Number(group.total_byte_size) > groupBytesMax) {
        const text = `${sourceName}: row group ${index + 1} has ${group.total_byte_size} bytes; at most ${groupBytesMax} are read at once. Write the file with smaller row groups.`;
        throw new ScoringError('OutOfMemoryLimit', text);
      }
      const rows = Number(group.num_rows);
      const cells = rows * names.length;
      if (cells > groupCellsMax) {
        const text = `${sourceName}: row group ${index + 1} has ${rows} rows of ${names.length} columns; at most ${groupCellsMax} cells are read at once. Write the file with smaller row groups.`;
        throw new ScoringError('OutOfMemoryLimit', text);
      }
      const range = { rowStart: start, rowEnd: start + rows };
      const data: ArrayLike<unknown>[] = [];
      for (const column of names) data.push(await attempt(() => scan.readColumn({ column, ...range })));
      // Pages that are missing are no error to the library.
      if (data.some(({ length }) => length !== rows)) {
        const text = `${sourceName} cannot be read as Parquet: row group ${index + 1} has fewer values than rows.`;
        throw new ScoringError('InputParseError', text);
      }
      const before = start;
      yield* csvChunks(rows, (i) => recordOf(data, i, () => `${sourceName} row ${before + i + 1}`));
      start += rows;
    }
  }
  return { source: all(), delimiter: ',', origin: { lineOf: (row) => row }, types: columns.map(typeOf) };
}
