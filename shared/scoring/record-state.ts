/** Follows CSV's quoting from quote to quote, just far enough to know which line ends end a record. */
import { byteBlock, firstMark, quotesIn } from './byte-block.ts';
import { lineFeed, quote } from './csv-bytes.ts';

/** Where in a record the last byte left off. */
export const recordState = { cellStart: 0, inCell: 1, inQuotes: 2, quoteInQuotes: 3 } as const;
export type RecordState = (typeof recordState)[keyof typeof recordState];

/** Result of `followRecords`, kept and reused. `recordEnd`: behind the last line feed that ended a record, -1 if none. */
export type RecordCursor = { state: RecordState; recordEnd: number };

/** The state after a byte that is no quote, when outside of quotes. */
function plainState(byte: number, delimiter: number): RecordState {
  return byte === delimiter || byte === lineFeed ? recordState.cellStart : recordState.inCell;
}

/** The first quote in `[from, to)`, else `to`. */
function nextQuote(view: DataView, from: number, to: number): number {
  for (let at = from; at < to; at += 4) {
    const marks = quotesIn(view.getInt32(at, true));
    if (marks !== 0) return Math.min(to, at + firstMark(marks));
  }
  return to;
}

/** Where the quotes end that `from` is inside of: behind the closing one, or at `to`. */
function passQuoted(cursor: RecordCursor, view: DataView, from: number, to: number): number {
  for (let at = from; ; at += 2) {
    at = nextQuote(view, at, to);
    if (at >= to) return to;
    cursor.state = recordState.quoteInQuotes;
    if (at + 1 === to || view.getUint8(at + 1) !== quote) return at + 1;
    cursor.state = recordState.inQuotes;
  }
}

/** To the next quote that opens a cell, or to `to`. */
function passPlain(
  cursor: RecordCursor,
  bytes: Uint8Array,
  view: DataView,
  from: number,
  to: number,
  delimiter: number,
): number {
  let at = from;
  for (;;) {
    const next = nextQuote(view, at, to);
    if (next > at) cursor.state = plainState(bytes[next - 1] as number, delimiter);
    const isOpening = next < to && cursor.state === recordState.cellStart;
    if (next === to || isOpening) {
      at = next;
      break;
    }
    cursor.state = recordState.inCell;
    at = next + 1;
  }
  for (let i = at - 1; i >= from; i--) {
    if (bytes[i] !== lineFeed) continue;
    cursor.recordEnd = i + 1;
    break;
  }
  return at;
}

/**
 * Follows `bytes[from, to)` from `cursor.state` and sets `cursor.recordEnd`.
 * Quotes open at a cell's start only, as the row scanner has it.
 * @param bytes all of an ArrayBuffer, with room behind `to` (see `guardBytes`)
 */
export function followRecords(
  cursor: RecordCursor,
  bytes: Buffer,
  from: number,
  to: number,
  delimiter: number,
): void {
  cursor.recordEnd = -1;
  if (to === from) return;
  const firstQuote = bytes.subarray(from, to).indexOf(quote);
  if (firstQuote < 0 && cursor.state !== recordState.inQuotes) {
    // Many files have no quotes: then the last line feed is all there is to find.
    const last = bytes.subarray(from, to).lastIndexOf(lineFeed);
    if (last >= 0) cursor.recordEnd = from + last + 1;
    cursor.state = plainState(bytes[to - 1] as number, delimiter);
    return;
  }
  const { view } = byteBlock(bytes.buffer as ArrayBuffer);
  let at = from;
  // The second one of a pair came with the next chunk.
  if (cursor.state === recordState.quoteInQuotes && bytes[at] === quote) {
    cursor.state = recordState.inQuotes;
    at++;
  }
  while (at < to) {
    if (cursor.state === recordState.inQuotes) at = passQuoted(cursor, view, at, to);
    else {
      at = passPlain(cursor, bytes, view, at, to, delimiter);
      if (at < to) {
        cursor.state = recordState.inQuotes;
        at++;
      }
    }
  }
}
