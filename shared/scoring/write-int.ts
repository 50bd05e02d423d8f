/** Writes whole numbers as text bytes, exactly. */

const zero = 48;
const minus = 45;

/** Writes a whole number of 32 bits at `at`. @returns The position behind it. */
export function writeInt32(bytes: Uint8Array, at: number, value: number): number {
  let rest = Math.abs(value);
  let start = at;
  if (value < 0) bytes[start++] = minus;
  let end = start + 1;
  for (let power = 10; power <= rest; power *= 10) end++;
  for (let i = end - 1; i >= start; i--) {
    const tenth = Math.floor(rest / 10);
    bytes[i] = zero + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

/**
 * Writes a whole number of 64 bits; a BigInt is made only of one that does not fit 32.
 * @param halves The memory of `values` as 32-bit numbers, the low one first.
 */
export function writeInt64(
  bytes: Uint8Array,
  at: number,
  values: BigInt64Array,
  halves: Int32Array,
  index: number,
): number {
  const low = halves[index * 2] as number;
  if (halves[index * 2 + 1] === low >> 31) return writeInt32(bytes, at, low);
  const text = String(values[index]);
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}
