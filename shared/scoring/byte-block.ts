/** Bytes to be scanned, seen one by one and four at once: most of a file is looked at in words. */

/** Both members are over the same bytes. Words may be read up to 3 bytes behind what is scanned: see `guardBytes`. */
export type ByteBlock = { readonly bytes: Uint8Array; readonly view: DataView };

/** Bytes a buffer has behind its content: a line feed that stops every loop, and room for the last word. */
export const guardBytes = 8;

export function byteBlock(buffer: ArrayBuffer): ByteBlock {
  return { bytes: new Uint8Array(buffer), view: new DataView(buffer) };
}

/** A copy of `bytes` with room behind it. */
export function paddedBlock(bytes: Uint8Array): ByteBlock {
  const block = byteBlock(new ArrayBuffer(bytes.length + guardBytes));
  block.bytes.set(bytes);
  return block;
}

/**
 * Marks the bytes of a word that are below 45 (delimiters, quotes, line ends, blanks and some other signs) by their top bit.
 * Never misses one; above a byte that is marked rightly, a 45 (`-`) may be marked too.
 */
export function lowBytes(word: number): number {
  return (word - 0x2d2d2d2d) & ~word & 0x80808080;
}

/** Marks the quotes of a word as `lowBytes` does; above one that is marked rightly, a `#` may be marked too. */
export function quotesIn(word: number): number {
  const others = word ^ 0x22222222;
  return (others - 0x01010101) & ~others & 0x80808080;
}

/** Which byte of the word, 0 to 3, the lowest mark is on. */
export function firstMark(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3;
}

/** The low `count` bytes of a word, `count` from 0 to 3. */
export function lowPart(word: number, count: number): number {
  return word & ((1 << (count << 3)) - 1);
}
