/** Reads a quoted cell: finds its end, undoes doubled quotes, counts the line ends inside. */
import { byteBlock, guardBytes, type ByteBlock } from './byte-block.ts';
import { lineFeed, quote } from './csv-bytes.ts';

/** Receives a cell's value; kept and reused, so that reading allocates nothing. */
export type QuotedCell = {
  /** Where the value's bytes are: in the block itself, or in `scratch` when quotes were doubled. */
  block: ByteBlock;
  start: number;
  end: number;
  /** The position behind the closing quote; -1 when there is none. */
  next: number;
  lineFeeds: number;
  scratch: ByteBlock;
};

export function createQuotedCell(): QuotedCell {
  const scratch = byteBlock(new ArrayBuffer(1024));
  return { block: scratch, start: 0, end: 0, next: 0, lineFeeds: 0, scratch };
}

function unescape(cell: QuotedCell, bytes: Uint8Array, start: number, end: number): void {
  const size = end - start + guardBytes;
  if (cell.scratch.bytes.length < size) cell.scratch = byteBlock(new ArrayBuffer(size * 2));
  const scratch = cell.scratch.bytes;
  let at = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    scratch[at++] = byte;
    if (byte === quote) i++;
  }
  cell.block = cell.scratch;
  cell.start = 0;
  cell.end = at;
}

/** @param at The opening quote. @param length Where the block ends. */
export function readQuotedCell(cell: QuotedCell, block: ByteBlock, at: number, length: number): void {
  const { bytes } = block;
  let doubled = false;
  let lineFeeds = 0;
  for (let i = at + 1; i < length; i++) {
    const byte = bytes[i];
    if (byte === lineFeed) lineFeeds++;
    if (byte !== quote) continue;
    if (i + 1 < length && bytes[i + 1] === quote) {
      doubled = true;
      i++;
      continue;
    }
    cell.block = block;
    cell.start = at + 1;
    cell.end = i;
    cell.next = i + 1;
    cell.lineFeeds = lineFeeds;
    if (doubled) unescape(cell, bytes, at + 1, i);
    return;
  }
  cell.next = -1;
}
