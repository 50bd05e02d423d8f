/** Reads an error file (see `row-error-log.ts`) as what its rows were: a file of just those, under their own header. */
import { dataFormatOf } from '../core/data-format.ts';
import { createBlockCutter, RecordTooLong, type Block } from './block-cutter.ts';
import { byteBlock, paddedBlock, type ByteBlock } from './byte-block.ts';
import { carriageReturn, comma, lineFeed, quote, tab } from './csv-bytes.ts';
import { findCellEnd } from './find-cell-end.ts';
import { createQuotedCell, readQuotedCell, type QuotedCell } from './quoted-cell.ts';
import { errorColumns } from './row-error-log.ts';
import { ScoringError } from './scoring-error.ts';
import { scoringLimits } from './scoring-limits.ts';

export type ErrorRows = {
  /** The one that the rows were written with. */
  readonly delimiter: ',' | '\t';
  /** The rows' header and the rows, each as it came; line `n` of it is line `n` of the error file. */
  readonly rows: AsyncIterable<Uint8Array>;
};

type Reader = {
  readonly sourceName: string;
  readonly cell: QuotedCell;
  records: number;
  /** The file that the first row is of. */
  file: string | undefined;
};

const bom = Buffer.from([0xef, 0xbb, 0xbf]);

function isLineEnd({ bytes }: ByteBlock, at: number): boolean {
  return bytes[at] === lineFeed || (bytes[at] === carriageReturn && bytes[at + 1] === lineFeed);
}

/** The value of the cell at `at`, and where it ends. */
function readCell(reader: Reader, block: ByteBlock, at: number, length: number) {
  if (block.bytes[at] !== quote) {
    const end = findCellEnd(block, at, comma);
    return { value: block.bytes.subarray(at, end), end };
  }
  const { cell } = reader;
  readQuotedCell(cell, block, at, length);
  if (cell.next < 0) throw noErrorFile(reader, 'has a quote that is never closed');
  // Where values are unescaped is used again for the next one.
  return { value: cell.block.bytes.slice(cell.start, cell.end), end: cell.next };
}

function noErrorFile({ sourceName, records }: Reader, what: string): ScoringError {
  const columns = `${errorColumns.join(',')} and the rows themselves`;
  return new ScoringError(
    'InputParseError',
    `${sourceName}: record ${records} ${what}; the file of a rerun has the columns ${columns}, as a job writes them.`,
  );
}

/** The last value of each record, with the record's line end. */
function rowsOf(reader: Reader, { buffer, length }: Block): Uint8Array {
  const block = byteBlock(buffer);
  block.bytes[length] = lineFeed;
  const parts: Uint8Array[] = [];
  for (let at = 0; at < length;) {
    if (!isLineEnd(block, at)) {
      reader.records++;
      const names: string[] = [];
      for (const _ of errorColumns) {
        const { value, end } = readCell(reader, block, at, length);
        if (block.bytes[end] !== comma) throw noErrorFile(reader, 'has too few columns');
        if (reader.records === 1) names.push(Buffer.from(value).toString());
        if (reader.records === 2) reader.file ??= Buffer.from(value).toString();
        at = end + 1;
      }
      if (reader.records === 1 && names.some((name, i) => name !== errorColumns[i])) {
        throw noErrorFile(reader, `begins with "${names.join(',').slice(0, 80)}"`);
      }
      const { value, end } = readCell(reader, block, at, length);
      if (!isLineEnd(block, end)) throw noErrorFile(reader, 'has too many columns');
      parts.push(value);
      at = end;
    }
    const next = Math.min(length, block.bytes[at] === carriageReturn ? at + 2 : at + 1);
    parts.push(block.bytes.subarray(at, next));
    at = next;
  }
  return Buffer.concat(parts);
}

async function* unwrap(reader: Reader, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const cutter = createBlockCutter({
    delimiter: comma,
    blockBytes: scoringLimits.blockBytes,
    recordBytesMax: 2 * scoringLimits.recordBytesMax,
    sparesMax: 1,
  });
  let start: Uint8Array | undefined = new Uint8Array(0);
  try {
    for await (const chunk of source) {
      let bytes: Uint8Array = chunk;
      if (start !== undefined) {
        start = Buffer.concat([start, chunk]);
        if (start.length < bom.length) continue;
        bytes = bom.equals(start.subarray(0, bom.length)) ? start.subarray(bom.length) : start;
        start = undefined;
      }
      for (const block of cutter.push(bytes)) {
        yield rowsOf(reader, block);
        cutter.recycle(block.buffer);
      }
    }
    const last = cutter.end();
    if (last !== undefined) yield rowsOf(reader, last);
  } catch (error) {
    if (!(error instanceof RecordTooLong)) throw error;
    throw new ScoringError(
      'OutOfMemoryLimit',
      `${reader.sourceName}, after record ${reader.records}: ${error.message}; is a quote not closed?`,
    );
  }
}

/**
 * As the name of the rows' own file says. What was found in a rerun is of an error file, which may have had either: then
 * what there is more of between the names.
 */
function delimiterOf(file: string | undefined, rows: Uint8Array): ErrorRows['delimiter'] {
  if (file !== undefined && !errorFileName.test(file)) {
    return dataFormatOf(file)?.kind === 'tsv' ? '\t' : ',';
  }
  return columnsOf(rows, tab) > columnsOf(rows, comma) ? '\t' : ',';
}

/** Names in the first line; 0 where a quote inside of one tells that something else separates them. */
function columnsOf(rows: Uint8Array, delimiter: number): number {
  const block = paddedBlock(rows);
  block.bytes[rows.length] = lineFeed;
  const cell = createQuotedCell();
  let at = 0;
  for (let columns = 1; ; columns++, at++) {
    if (block.bytes[at] === quote) {
      readQuotedCell(cell, block, at, rows.length);
      if (cell.next < 0) return 0;
      at = cell.next;
    }
    const end = findCellEnd(block, at, delimiter);
    if (block.bytes.subarray(at, end).includes(quote)) return 0;
    at = end;
    if (block.bytes[at] !== delimiter) return columns;
  }
}

const errorFileName = /\.errors\.csv(?:\.gz)?$/i;

/**
 * Reads as far as the first rows.
 * @throws ScoringError `InputParseError` when it is no error file, here or while its rows are read.
 */
export async function openErrorRows(
  source: AsyncIterable<Uint8Array>,
  sourceName: string,
): Promise<ErrorRows> {
  const reader: Reader = { sourceName, cell: createQuotedCell(), records: 0, file: undefined };
  const chunks = unwrap(reader, source);
  const first = await chunks.next();
  if (first.done === true) {
    throw new ScoringError('InputParseError', `${sourceName} is empty: it is no error file of a job.`);
  }
  async function* rows(): AsyncGenerator<Uint8Array, void> {
    try {
      yield first.value as Uint8Array;
      yield* chunks;
    } finally {
      await chunks.return();
    }
  }
  return { delimiter: delimiterOf(reader.file, first.value), rows: rows() };
}
