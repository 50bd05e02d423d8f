/** Shows a value in a message: in quotes, control characters escaped, cut to length. */
import { scoringLimits } from './scoring-limits.ts';

const decoder = new TextDecoder();

/** `"abc"`, or the first characters and how many there are. */
export function quoteValue(text: string): string {
  const max = scoringLimits.quotedCharsMax;
  if (text.length <= max) return JSON.stringify(text);
  // Half of a surrogate pair would not survive encoding.
  const cut = text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '');
  return `${JSON.stringify(cut)}... (${text.length} characters)`;
}

/** The same for a cell's bytes; bytes that are not UTF-8 show as U+FFFD. */
export function quoteCell(bytes: Uint8Array, start: number, end: number): string {
  return start === end ? 'an empty cell' : quoteValue(decoder.decode(bytes.subarray(start, end)));
}
