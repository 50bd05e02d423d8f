/** Reads a whole number of 64 bits from a cell's bytes without passing through a double, which would round it. */
import { trimmedText } from './parse-number.ts';

const parts = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,4}))?$/;
const min = -(2n ** 63n);
const max = 2n ** 63n - 1n;

/**
 * The number in `bytes[start, end)`; `1.0` and `1e3` are whole, `1.5` is not.
 * @returns undefined when it is not a whole number or does not fit 64 bits.
 */
export function parseInt64(bytes: Uint8Array, start: number, end: number): bigint | undefined {
  const text = trimmedText(bytes, start, end);
  const match = text === undefined ? null : parts.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = match;
  let digits = (whole + fraction).replace(/^0+/, '');
  if (whole + fraction === '') return undefined;
  if (digits === '') return 0n;
  const shift = Number(exponentText) - fraction.length;
  if (shift < 0) {
    const dropped = digits.slice(Math.max(0, digits.length + shift));
    if (digits.length + shift <= 0 || !/^0*$/.test(dropped)) return undefined;
    digits = digits.slice(0, digits.length + shift);
  } else {
    // 2 ** 63 has 19 digits; a longer shift cannot fit.
    if (shift > 19) return undefined;
    digits += '0'.repeat(shift);
  }
  if (digits.length > 19) return undefined;
  const value = BigInt(digits) * (sign === '-' ? -1n : 1n);
  return value >= min && value <= max ? value : undefined;
}
