/** The byte scanner: cuts rows out of a block and stores the cells the model needs, in one pass and without strings. */
import type { ByteBlock } from './byte-block.ts';
import { carriageReturn, lineFeed } from './csv-bytes.ts';
import { recordShape } from './record-shape.ts';
import type { RowScan } from './row-scan.ts';
import { failRow, scanCell } from './scan-cell.ts';

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
    // How many there are is counted by whoever takes the fault.
    if (more !== column < last) return failRow(scan, at, { kind: 'column-count', found: 0 });
    if (!more) return position;
    position++;
  }
}

function countLineFeeds(bytes: Uint8Array, from: number, to: number): number {
  let lineFeeds = 0;
  for (let i = from; i < to; i++) if (bytes[i] === lineFeed) lineFeeds++;
  return lineFeeds;
}

/** Notes the fault of the row at `start` and goes on behind the row, unless that cannot be done. */
function takeFault(
  scan: RowScan,
  block: ByteBlock,
  start: number,
  length: number,
  linesBefore: number,
): 'go-on' | 'stop' {
  const { bytes } = block;
  const shape = recordShape(scan.quoted, block, start, length, scan.delimiter);
  const line = (at: number): number => linesBefore + countLineFeeds(bytes, start, at);
  if (shape.kind === 'unclosed') {
    const problem = { kind: 'unclosed-quote', column: shape.column } as const;
    scan.faults.push({ at: scan.rows, line: line(shape.at), problem, start, end: length, next: length });
    return 'stop';
  }
  const { columns, end } = shape;
  const next = Math.min(length, bytes[end] === carriageReturn ? end + 2 : end + 1);
  const problem =
    scan.problem.kind === 'column-count' ? { kind: 'column-count' as const, found: columns } : scan.problem;
  scan.faults.push({ at: scan.rows, line: line(scan.faultAt), problem, start, end, next });
  scan.lines = line(end) + 1;
  scan.position = next;
  return scan.onFault;
}

/**
 * Scans rows from `scan.position` until the batch is full or the block ends, or until a fault (the last one) stops it.
 * Blank lines are no rows.
 * @param block Whole records, with a line feed at `length` and room behind it (see `guardBytes`).
 */
export function scanRows(scan: RowScan, block: ByteBlock, length: number): 'full' | 'stopped' {
  const { bytes } = block;
  const rowsMax = scan.starts.length;
  scan.rows = 0;
  scan.lines = 0;
  scan.faults = [];
  // A row at fault may have added values to dictionaries too: it counts for the batch.
  while (scan.position < length && scan.rows + scan.faults.length < rowsMax) {
    const start = scan.position;
    const lines = scan.lines;
    const blank =
      bytes[start] === lineFeed || (bytes[start] === carriageReturn && bytes[start + 1] === lineFeed);
    const end = blank ? start : scanRow(scan, block, start, length);
    if (end < 0) {
      if (takeFault(scan, block, start, length, lines) === 'stop') return 'stopped';
      continue;
    }
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
  return 'full';
}
