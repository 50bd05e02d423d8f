/** The byte scanner: cuts rows out of a block and stores the cells the model needs, in one pass and without strings. */
import type { ByteBlock } from './byte-block.ts';
import { carriageReturn, lineFeed, quote } from './csv-bytes.ts';
import { findCellEnd } from './find-cell-end.ts';
import { readQuotedCell } from './quoted-cell.ts';
import type { RowScan } from './row-scan.ts';
import { failRow, scanCell } from './scan-cell.ts';

/** How many columns the row at `at` really has; for the message about a row that has too many or too few. */
function countColumns(scan: RowScan, block: ByteBlock, at: number, length: number): number {
  let position = at;
  for (let columns = 1; ; columns++) {
    if (block.bytes[position] === quote) {
      readQuotedCell(scan.quoted, block, position, length);
      if (scan.quoted.next < 0) return columns;
      position = scan.quoted.next;
    }
    position = findCellEnd(block, position, scan.delimiter);
    if (block.bytes[position] !== scan.delimiter) return columns;
    position++;
  }
}

/** Scans one row at `at`. @returns The position of its line end, or -1 with `scan.problem` set. */
function scanRow(scan: RowScan, block: ByteBlock, at: number, length: number): number {
  const { bytes } = block;
  const delimiter = scan.delimiter;
  const last = scan.sinks.length - 1;
  let position = at;
  for (let column = 0; ; column++) {
    position = scanCell(scan, block, position, length, column);
    if (position < 0) return -1;
    const more = bytes[position] === delimiter;
    if (more !== column < last) {
      return failRow(scan, at, { kind: 'column-count', found: countColumns(scan, block, at, length) });
    }
    if (!more) return position;
    position++;
  }
}

/**
 * Scans rows from `scan.position` until the batch is full, the block ends or a row cannot be read.
 * Blank lines are no rows.
 * @param block Whole records, with a line feed at `length` and room behind it (see `guardBytes`).
 */
export function scanRows(scan: RowScan, block: ByteBlock, length: number): void {
  const { bytes } = block;
  const rowsMax = scan.starts.length;
  scan.rows = 0;
  scan.lines = 0;
  scan.problem = undefined;
  while (scan.position < length && scan.rows < rowsMax) {
    const start = scan.position;
    const blank =
      bytes[start] === lineFeed || (bytes[start] === carriageReturn && bytes[start + 1] === lineFeed);
    const end = blank ? start : scanRow(scan, block, start, length);
    if (end < 0) return;
    const next = Math.min(length, bytes[end] === carriageReturn ? end + 2 : end + 1);
    if (!blank) {
      scan.starts[scan.rows] = start;
      scan.ends[scan.rows] = end;
      scan.nexts[scan.rows] = next;
      scan.rows++;
    }
    scan.lines++;
    scan.position = next;
  }
}
