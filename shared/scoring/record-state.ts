/** Follows CSV's quoting byte by byte, just far enough to know which line ends end a record. */
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

function followBytes(
  cursor: RecordCursor,
  bytes: Uint8Array,
  from: number,
  to: number,
  delimiter: number,
): void {
  let state = cursor.state;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    if (state === recordState.inQuotes) {
      if (byte === quote) state = recordState.quoteInQuotes;
      continue;
    }
    if (byte === quote) {
      if (state !== recordState.inCell) state = recordState.inQuotes;
      continue;
    }
    state = plainState(byte, delimiter);
    if (byte === lineFeed) cursor.recordEnd = i + 1;
  }
  cursor.state = state;
}

/**
 * Follows `bytes[from, to)` from `cursor.state` and sets `cursor.recordEnd`.
 * Quotes open at a cell's start only, as the row scanner has it.
 */
export function followRecords(
  cursor: RecordCursor,
  bytes: Buffer,
  from: number,
  to: number,
  delimiter: number,
): void {
  cursor.recordEnd = -1;
  const firstQuote = bytes.subarray(from, to).indexOf(quote);
  if (firstQuote >= 0 || cursor.state === recordState.inQuotes || to === from) {
    followBytes(cursor, bytes, from, to, delimiter);
    return;
  }
  // Most files have no quotes: then the last line feed is all there is to find.
  const last = bytes.subarray(from, to).lastIndexOf(lineFeed);
  if (last >= 0) cursor.recordEnd = from + last + 1;
  cursor.state = plainState(bytes[to - 1] as number, delimiter);
}
