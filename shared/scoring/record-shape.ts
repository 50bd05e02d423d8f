/** Walks over a record and stores nothing: where it ends and how many columns it has, whatever is wrong with it. */
import type { ByteBlock } from './byte-block.ts';
import { quote } from './csv-bytes.ts';
import { findCellEnd } from './find-cell-end.ts';
import { readQuotedCell, type QuotedCell } from './quoted-cell.ts';

export type RecordShape =
  /** `end`: the position of the record's line end. */
  | { readonly kind: 'whole'; readonly columns: number; readonly end: number }
  /** `column` (from 0) opens a quote at `at` that never closes. */
  | { readonly kind: 'unclosed'; readonly column: number; readonly at: number };

/** As the block cutter has it: quotes open at a cell's start only. @param cell scratch */
export function recordShape(
  cell: QuotedCell,
  block: ByteBlock,
  start: number,
  length: number,
  delimiter: number,
): RecordShape {
  let position = start;
  for (let columns = 1; ; columns++) {
    if (block.bytes[position] === quote) {
      readQuotedCell(cell, block, position, length);
      if (cell.next < 0) return { kind: 'unclosed', column: columns - 1, at: position };
      position = cell.next;
    }
    position = findCellEnd(block, position, delimiter);
    if (block.bytes[position] !== delimiter) return { kind: 'whole', columns, end: position };
    position++;
  }
}
