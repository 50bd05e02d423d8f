/** A text file line by line, for formats whose records are lines. */
import { StringDecoder } from 'node:string_decoder';
import { ScoringError } from '../scoring/scoring-error.ts';
import { scoringLimits } from '../scoring/scoring-limits.ts';

/** Without their ends and without a BOM. @throws ScoringError `OutOfMemoryLimit` for a line that is too long */
export async function* linesOf(
  source: AsyncIterable<Uint8Array>,
  sourceName: string,
): AsyncGenerator<string[], void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let isStart = true;
  let lines = 0;
  for await (const chunk of source) {
    let text = decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    if (isStart && text !== '') {
      isStart = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines += parts.length;
    if (rest.length > scoringLimits.recordBytesMax) {
      const text = `${sourceName} line ${lines + 1} is longer than ${scoringLimits.recordBytesMax} characters.`;
      throw new ScoringError('OutOfMemoryLimit', text);
    }
    if (parts.length > 0) yield parts.map(withoutReturn);
  }
  rest += decoder.end();
  if (rest !== '') yield [withoutReturn(rest)];
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
