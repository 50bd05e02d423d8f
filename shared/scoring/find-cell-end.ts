/** Finds where a plain cell ends, four bytes at a time. */
import { firstMark, lowBytes, type ByteBlock } from './byte-block.ts';
import { carriageReturn, lineFeed } from './csv-bytes.ts';

/** Whether a cell ends at `at`: at a delimiter or a line end. A carriage return alone is data. */
export function endsAt(bytes: Uint8Array, at: number, delimiter: number): boolean {
  const byte = bytes[at];
  return byte === delimiter || byte === lineFeed || (byte === carriageReturn && bytes[at + 1] === lineFeed);
}

/** The first of a word's marked bytes at which a cell ends, 0 to 3; 4 if it ends at none of them. */
export function endInWord(bytes: Uint8Array, at: number, marks: number, delimiter: number): number {
  for (let left = marks; left !== 0; left &= left - 1) {
    const offset = firstMark(left);
    if (endsAt(bytes, at + offset, delimiter)) return offset;
  }
  return 4;
}

/** The position of the first delimiter or line end from `at` on; there is one, see `guardBytes`. */
export function findCellEnd(block: ByteBlock, at: number, delimiter: number): number {
  const { bytes, view } = block;
  for (let end = at; ; end += 4) {
    const marks = lowBytes(view.getInt32(end, true));
    if (marks === 0) continue;
    const offset = endInWord(bytes, end, marks, delimiter);
    if (offset < 4) return end + offset;
  }
}
