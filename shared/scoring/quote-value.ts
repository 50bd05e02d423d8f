/** Shows a value in a message: in quotes, control characters escaped, cut to length. */
import { scoringLimits } from './scoring-limits.ts';

const decoder = new TextDecoder();

/** The first characters of a text, and how many it has in all. */
export type CutText = { readonly text: string; readonly chars: number };

function cutText(text: string): CutText {
  const max = scoringLimits.quotedCharsMax;
  if (text.length <= max) return { text, chars: text.length };
  // Half of a surrogate pair would not survive encoding.
  return { text: text.slice(0, max).replace(/[\uD800-\uDBFF]$/, ''), chars: text.length };
}

/** The same for a cell's bytes; bytes that are not UTF-8 show as U+FFFD. */
export function cutCell(bytes: Uint8Array, start: number, end: number): CutText {
  return cutText(decoder.decode(bytes.subarray(start, end)));
}

/** `"abc"`, or the first characters and how many there are. */
export function quoteValue(text: string): string {
  return quoteCut(cutText(text));
}

/** The same for a cell: `an empty cell` where there is nothing to quote. */
export function shownCut(cut: CutText): string {
  return cut.chars === 0 ? 'an empty cell' : quoteCut(cut);
}

function quoteCut({ text, chars }: CutText): string {
  return chars > text.length ? `${JSON.stringify(text)}... (${chars} characters)` : JSON.stringify(text);
}
