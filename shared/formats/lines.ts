/** A text file line by line, for formats whose records are lines. */
import { isUtf8 } from 'node:buffer';
import { lineFeed } from '../scoring/csv-bytes.ts';
import { startOfText } from '../scoring/header.ts';
import { ScoringError } from '../scoring/scoring-error.ts';
import { scoringLimits } from '../scoring/scoring-limits.ts';

/** `damaged`: with U+FFFD where its bytes are not UTF-8. */
export type Line = string | { readonly damaged: string };

/** Why a damaged line is no row. */
export const notUtf8 = 'bytes that are not UTF-8; save the file in UTF-8';

/** Without their ends and without a BOM. @throws ScoringError `OutOfMemoryLimit` for a line that is too long */
export async function* linesOf(
  source: AsyncIterable<Uint8Array>,
  sourceName: string,
): AsyncGenerator<Line[], void> {
  /** Of the line that has not ended. */
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let lines = 0;
  for await (const chunk of source) {
    const end = chunk.lastIndexOf(lineFeed);
    if (end >= 0) {
      const bytes = Buffer.concat([...rest, chunk.subarray(0, end)]);
      const ended = linesIn(lines === 0 ? bytes.subarray(startOfText(bytes)) : bytes);
      rest = [];
      restBytes = 0;
      lines += ended.length;
      yield ended;
    }
    // Copied: the source may use its memory again.
    rest.push(new Uint8Array(chunk.subarray(end + 1)));
    restBytes += chunk.length - end - 1;
    if (restBytes > scoringLimits.recordBytesMax) {
      const text = `${sourceName} line ${lines + 1} is longer than ${scoringLimits.recordBytesMax} bytes.`;
      throw new ScoringError('OutOfMemoryLimit', text);
    }
  }
  const bytes = Buffer.concat(rest);
  const last = lines === 0 ? bytes.subarray(startOfText(bytes)) : bytes;
  if (last.length > 0) yield linesIn(last);
}

function linesIn(bytes: Buffer): Line[] {
  if (isUtf8(bytes)) return bytes.toString().split('\n').map(withoutReturn);
  const lines: Line[] = [];
  for (let at = 0; at <= bytes.length;) {
    const lineEnd = bytes.indexOf(lineFeed, at);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    const line = bytes.subarray(at, end);
    const text = withoutReturn(line.toString());
    lines.push(isUtf8(line) ? text : { damaged: text });
    at = end + 1;
  }
  return lines;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
