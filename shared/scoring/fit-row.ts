/** Makes a row of the table out of a record that is none: a row that stays in the output must not shift its columns. */
import type { ByteBlock } from './byte-block.ts';
import { quote } from './csv-bytes.ts';
import { findCellEnd } from './find-cell-end.ts';
import { readQuotedCell, type QuotedCell } from './quoted-cell.ts';

/** A cell's own bytes; quoted anew where text follows its closing quote. @returns its end */
function copyCell(
  out: number[],
  cell: QuotedCell,
  block: ByteBlock,
  at: number,
  length: number,
  delimiter: number,
): number {
  const { bytes } = block;
  let next = at;
  if (bytes[at] === quote) {
    readQuotedCell(cell, block, at, length);
    next = cell.next;
  }
  const end = findCellEnd(block, next, delimiter);
  const isBroken = bytes[at] === quote && next !== end;
  if (isBroken) out.push(quote);
  for (let i = at; i < end; i++) {
    out.push(bytes[i] as number);
    if (isBroken && bytes[i] === quote) out.push(quote);
  }
  if (isBroken) out.push(quote);
  return end;
}

/**
 * The record at `start` with exactly `columns` cells: missing ones are empty, those beyond are dropped.
 * @param start of a record whose quotes are all closed @param cell scratch
 */
export function fitRow(
  cell: QuotedCell,
  block: ByteBlock,
  start: number,
  length: number,
  { delimiter, columns }: { readonly delimiter: number; readonly columns: number },
): Uint8Array {
  const out: number[] = [];
  let position = start;
  let isOver = false;
  for (let column = 0; column < columns; column++) {
    if (column > 0) out.push(delimiter);
    if (isOver) continue;
    position = copyCell(out, cell, block, position, length, delimiter);
    isOver = block.bytes[position] !== delimiter;
    position++;
  }
  return Uint8Array.from(out);
}
