/** Reads the engine's CSV back into cells, for formats that are not CSV. */
import { createBlockCutter } from '../scoring/block-cutter.ts';
import { byteBlock } from '../scoring/byte-block.ts';
import { carriageReturn, lineFeed, quote } from '../scoring/csv-bytes.ts';
import { findCellEnd } from '../scoring/find-cell-end.ts';
import { startOfText } from '../scoring/header.ts';
import { createQuotedCell, readQuotedCell } from '../scoring/quoted-cell.ts';
import { scoringLimits } from '../scoring/scoring-limits.ts';

export type RowReader = {
  /** The records that are whole now, the header first. It comes in one chunk, as the engine writes it; a BOM is left out. */
  readonly push: (chunk: Uint8Array) => string[][];
  readonly end: () => string[][];
};

/** @param encoding `latin1` keeps bytes that are not UTF-8 */
export function createRowReader(delimiter: number, encoding: 'utf8' | 'latin1'): RowReader {
  const cutter = createBlockCutter({
    delimiter,
    blockBytes: scoringLimits.blockBytes,
    // The engine has held every record to its limit before.
    recordBytesMax: Number.POSITIVE_INFINITY,
    sparesMax: 1,
  });
  const cell = createQuotedCell();
  const read = (buffer: ArrayBuffer, length: number): string[][] => {
    const block = byteBlock(buffer);
    const { bytes } = block;
    bytes[length] = lineFeed;
    const whole = Buffer.from(buffer);
    const rows: string[][] = [];
    for (let at = 0; at < length;) {
      const row: string[] = [];
      for (;;) {
        if (bytes[at] === quote) {
          readQuotedCell(cell, block, at, length);
          const value = Buffer.from(cell.block.bytes.buffer, cell.block.bytes.byteOffset);
          row.push(value.toString(encoding, cell.start, cell.end));
          at = findCellEnd(block, cell.next, delimiter);
        } else {
          const end = findCellEnd(block, at, delimiter);
          row.push(whole.toString(encoding, at, end));
          at = end;
        }
        if (bytes[at] !== delimiter) break;
        at++;
      }
      rows.push(row);
      at += bytes[at] === carriageReturn ? 2 : 1;
    }
    return rows;
  };
  let isStart = true;
  return {
    push: (chunk) => {
      const rows: string[][] = [];
      // Before the cells are read: a quote behind a BOM would not be the first byte of its cell.
      const text = isStart ? chunk.subarray(startOfText(chunk)) : chunk;
      isStart = false;
      for (const { buffer, length } of cutter.push(text)) {
        for (const row of read(buffer, length)) rows.push(row);
        cutter.recycle(buffer);
      }
      return rows;
    },
    end: () => {
      const last = cutter.end();
      return last === undefined ? [] : read(last.buffer, last.length);
    },
  };
}
