/** Reads one cell and stores its value: fast paths for what most cells are, the general way for all others. */
import { lowBytes, lowPart, type ByteBlock } from './byte-block.ts';
import { sinkKind, type CellSink } from './cell-sink.ts';
import { quote } from './csv-bytes.ts';
import { endInWord, endsAt, findCellEnd } from './find-cell-end.ts';
import { readQuotedCell } from './quoted-cell.ts';
import { cutCell } from './quote-value.ts';
import type { RowProblem } from './row-fault.ts';
import type { RowScan } from './row-scan.ts';
import { storeCell } from './store-cell.ts';
import { hashWord, indexOf, type ValueDictionary } from './value-dictionary.ts';

/** Notes what is wrong with the row, at which byte. @returns -1, for the caller to return. */
export function failRow(scan: RowScan, at: number, problem: RowProblem): number {
  scan.problem = problem;
  scan.faultAt = at;
  return -1;
}

function scanQuoted(scan: RowScan, block: ByteBlock, at: number, length: number, column: number): number {
  const cell = scan.quoted;
  readQuotedCell(cell, block, at, length);
  if (cell.next < 0) return failRow(scan, at, { kind: 'unclosed-quote', column });
  if (!endsAt(block.bytes, cell.next, scan.delimiter)) {
    return failRow(scan, at, { kind: 'text-after-quote', column });
  }
  const sink = scan.sinks[column] as CellSink;
  const expected = storeCell(sink, scan.rows, cell.block, cell.start, cell.end);
  if (expected !== undefined) {
    const found = cutCell(cell.block.bytes, cell.start, cell.end);
    return failRow(scan, at, { kind: 'cell', column, expected, found });
  }
  scan.lines += cell.lineFeeds;
  return cell.next;
}

function scanPlain(scan: RowScan, block: ByteBlock, at: number, column: number): number {
  const end = findCellEnd(block, at, scan.delimiter);
  const expected = storeCell(scan.sinks[column] as CellSink, scan.rows, block, at, end);
  if (expected === undefined) return end;
  return failRow(scan, at, { kind: 'cell', column, expected, found: cutCell(block.bytes, at, end) });
}

/** Digits of a double that are always exact. */
const exactDigits = 15;
const powersOfTen = Float64Array.from({ length: exactDigits + 1 }, (_, i) => 10 ** i);
const zero = 48;
const dot = 46;
const minus = 45;

function storeNumber(sink: CellSink, row: number, value: number): void {
  const target = row * sink.width + sink.offset;
  if (sink.kind === sinkKind.float32) sink.floats32[target] = value;
  else if (sink.kind === sinkKind.float64) sink.floats64[target] = value;
  else {
    sink.ints32[target * 2] = value | 0;
    sink.ints32[target * 2 + 1] = Math.floor(value / 2 ** 32);
  }
}

/** Plain decimals of up to 15 digits: an exact integer over an exact power of ten is rounded once, hence correctly. */
function scanNumber(scan: RowScan, block: ByteBlock, at: number, column: number): number {
  const bytes = block.bytes;
  let i = at;
  const negative = bytes[i] === minus;
  if (negative) i++;
  const first = i;
  let mantissa = 0;
  let digit = (bytes[i] as number) - zero;
  while (digit >= 0 && digit <= 9) {
    mantissa = mantissa * 10 + digit;
    digit = (bytes[++i] as number) - zero;
  }
  let digits = i - first;
  let fraction = 0;
  if (bytes[i] === dot) {
    const point = i;
    digit = (bytes[++i] as number) - zero;
    while (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digit = (bytes[++i] as number) - zero;
    }
    fraction = i - point - 1;
    digits += fraction;
  }
  const sink = scan.sinks[column] as CellSink;
  const exact = digits > 0 && digits <= exactDigits && (fraction === 0 || sink.kind !== sinkKind.int64);
  if (!exact || !endsAt(bytes, i, scan.delimiter)) return scanPlain(scan, block, at, column);
  const value = fraction === 0 ? mantissa : mantissa / (powersOfTen[fraction] as number);
  storeNumber(sink, scan.rows, negative ? -value : value);
  return i;
}

/** Finds the cell's end and its hash in one pass over its words. */
function scanIndex(scan: RowScan, block: ByteBlock, at: number, column: number): number {
  const { bytes, view } = block;
  const delimiter = scan.delimiter;
  let hash = 0;
  let end = at;
  for (;;) {
    const word = view.getInt32(end, true);
    const marks = lowBytes(word);
    const offset = marks === 0 ? 4 : endInWord(bytes, end, marks, delimiter);
    if (offset === 4) {
      hash = hashWord(hash, word);
      end += 4;
      continue;
    }
    if (offset > 0) hash = hashWord(hash, lowPart(word, offset));
    end += offset;
    break;
  }
  const sink = scan.sinks[column] as CellSink;
  const index = indexOf(sink.dictionary as ValueDictionary, block, at, end, hash);
  if (index < 0) return scanPlain(scan, block, at, column);
  sink.indices[scan.rows * sink.width + sink.offset] = index;
  return end;
}

/**
 * Scans the cell at `at` and stores its value for row `scan.rows`.
 * @returns The position of the delimiter or line end behind it, or -1 with `scan.problem` set.
 */
export function scanCell(
  scan: RowScan,
  block: ByteBlock,
  at: number,
  length: number,
  column: number,
): number {
  if (block.bytes[at] === quote) return scanQuoted(scan, block, at, length, column);
  switch ((scan.sinks[column] as CellSink).kind) {
    case sinkKind.skip:
      return findCellEnd(block, at, scan.delimiter);
    case sinkKind.indices:
      return scanIndex(scan, block, at, column);
    case sinkKind.float32:
    case sinkKind.float64:
    case sinkKind.int64:
      return scanNumber(scan, block, at, column);
    case sinkKind.bool:
    case sinkKind.texts:
      return scanPlain(scan, block, at, column);
  }
}
