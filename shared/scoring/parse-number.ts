/** Reads a decimal number from a cell's bytes, exactly as JavaScript reads the same text, and nothing JavaScript is lenient about. */
import { space, tab } from './csv-bytes.ts';

/** Decimal numbers only: no hexadecimal, no separators, no words (a NaN fed to a model becomes a confident label). */
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Longer texts are refused unread; the longest exact double has 767 digits. */
const numberCharsMax = 1100;

const isBlank = (byte: number | undefined): boolean => byte === space || byte === tab;

/** The cell's text without blanks around it; undefined when it is too long to be a number. */
export function trimmedText(bytes: Uint8Array, start: number, end: number): string | undefined {
  let from = start;
  let to = end;
  while (from < to && isBlank(bytes[from])) from++;
  while (to > from && isBlank(bytes[to - 1])) to--;
  if (to - from > numberCharsMax) return undefined;
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}

/** The number in `bytes[start, end)`, blanks around it ignored; NaN when it is none, infinite when too large. */
export function parseNumber(bytes: Uint8Array, start: number, end: number): number {
  const text = trimmedText(bytes, start, end);
  return text !== undefined && decimal.test(text) ? Number(text) : Number.NaN;
}

/** The same of a text. */
export function numberOf(text: string): number {
  const bytes = Buffer.from(text);
  return parseNumber(bytes, 0, bytes.length);
}
