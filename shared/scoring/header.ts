/** Reads a file's first record: the column names, and the bytes it was written with. */
import type { ByteBlock } from './byte-block.ts';
import { carriageReturn, lineFeed, quote } from './csv-bytes.ts';
import { createQuotedCell, readQuotedCell } from './quoted-cell.ts';

/** A complete header. All byte ranges are into the bytes given. */
export type Header = {
  readonly names: readonly string[];
  /** The record's own bytes (with the BOM, if there is one) and its line end. */
  readonly content: Uint8Array;
  readonly lineEnd: Uint8Array;
  /** Where the rows begin. */
  readonly next: number;
  /** Lines passed: blank ones before the header and the header's own. */
  readonly lines: number;
};

export type HeaderResult =
  | { readonly kind: 'header'; readonly header: Header }
  /** The record does not end in these bytes. */
  | { readonly kind: 'more' }
  /** Nothing but blank lines. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'fault'; readonly line: number; readonly reason: string };

type Cells = { names: string[]; end: number; lines: number };
/** `final`: whatever bytes follow. */
type Fault = Extract<HeaderResult, { kind: 'fault' }> & { readonly final?: true };

function bareReturn(line: number): Fault {
  const reason =
    'the column names hold a carriage return without a line feed; if all lines end so, save the file with LF or CRLF line ends';
  return { kind: 'fault', line, reason, final: true };
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const bom = [0xef, 0xbb, 0xbf];

function isLineEnd(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === lineFeed || (bytes[at] === carriageReturn && bytes[at + 1] === lineFeed);
}

/** Behind the BOM, where there is one. */
export function startOfText(bytes: Uint8Array): number {
  return bom.every((byte, i) => bytes[i] === byte) ? bom.length : 0;
}

/** A carriage return outside quotes that is seen to end no line. */
function isBareReturn(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === carriageReturn && at + 1 < bytes.length && bytes[at + 1] !== lineFeed;
}

/** Reads cells up to a line end or, when the file is over, its end. */
function readCells(bytes: Uint8Array, start: number, delimiter: number): Cells | Fault {
  const cell = createQuotedCell();
  const block: ByteBlock = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset) };
  const cells: Cells = { names: [], end: start, lines: 1 };
  for (let at = start; ; at++) {
    let end = at;
    if (bytes[at] === quote) {
      readQuotedCell(cell, block, at, bytes.length);
      if (cell.next < 0) {
        return { kind: 'fault', line: cells.lines, reason: 'the quote that opens here is never closed' };
      }
      cells.names.push(decoder.decode(cell.block.bytes.subarray(cell.start, cell.end)));
      end = cell.next;
      cells.lines += cell.lineFeeds;
      if (isBareReturn(bytes, end)) return bareReturn(cells.lines);
      if (end < bytes.length && bytes[end] !== delimiter && !isLineEnd(bytes, end)) {
        return { kind: 'fault', line: cells.lines, reason: 'text after the closing quote of a column name' };
      }
    } else {
      while (end < bytes.length && bytes[end] !== delimiter && !isLineEnd(bytes, end)) {
        if (isBareReturn(bytes, end)) return bareReturn(cells.lines);
        end++;
      }
      cells.names.push(decoder.decode(bytes.subarray(at, end)));
    }
    at = end;
    if (at >= bytes.length || bytes[at] !== delimiter) {
      cells.end = at;
      return cells;
    }
  }
}

/**
 * Reads the header at the start of a file.
 * @param bytes The file so far. @param isWhole Whether that is all of it.
 */
export function readHeader(bytes: Uint8Array, delimiter: number, isWhole: boolean): HeaderResult {
  const text = startOfText(bytes);
  let start = text;
  let blankLines = 0;
  while (isLineEnd(bytes, start)) {
    start += bytes[start] === carriageReturn ? 2 : 1;
    blankLines++;
  }
  if (start >= bytes.length) return { kind: isWhole ? 'empty' : 'more' };
  const cells = readCells(bytes, start, delimiter);
  if ('kind' in cells) {
    if (!isWhole && cells.final !== true) return { kind: 'more' };
    return { kind: 'fault', line: cells.line + blankLines, reason: cells.reason };
  }
  const { names, end, lines } = cells;
  if (end >= bytes.length && !isWhole) return { kind: 'more' };
  const next = Math.min(bytes.length, bytes[end] === carriageReturn ? end + 2 : end + 1);
  const content = bytes.subarray(start, end);
  return {
    kind: 'header',
    header: {
      names,
      content: text === 0 ? content : Buffer.concat([bytes.subarray(0, text), content]),
      lineEnd: bytes.subarray(end, next),
      next: end >= bytes.length ? bytes.length : next,
      lines: lines + blankLines,
    },
  };
}
