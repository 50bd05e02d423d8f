/** The engine's hold on a job's source: counts its bytes, reads the header, and lets go of it whatever happens. */
import { readHeader, type Header } from './header.ts';
import { quoteValue } from './quote-value.ts';
import { ScoringError } from './scoring-error.ts';
import { scoringLimits } from './scoring-limits.ts';
import { untilAborted } from './until-aborted.ts';

export type JobSource = {
  /** The next chunk, undefined at the end. Rejects on abort even while the source hangs. */
  readonly next: () => Promise<Uint8Array | undefined>;
  readonly bytesRead: () => number;
  /** Tells the source that no more will be read. Does not wait for a source that hangs. */
  readonly close: () => Promise<void>;
};

export function openSource(source: AsyncIterable<Uint8Array>, signal: AbortSignal): JobSource {
  const iterator = source[Symbol.asyncIterator]();
  let bytesRead = 0;
  let state: 'idle' | 'reading' | 'done' = 'idle';
  return {
    next: async () => {
      state = 'reading';
      const pending = iterator.next();
      pending.then(
        (result) => (state = result.done === true ? 'done' : 'idle'),
        () => (state = 'done'),
      );
      const result = await untilAborted(pending, signal);
      if (result.done === true) return undefined;
      bytesRead += result.value.length;
      return result.value;
    },
    bytesRead: () => bytesRead,
    close: async () => {
      if (state === 'done') return;
      const closing = Promise.resolve(iterator.return?.()).catch(() => undefined);
      // An async generator that hangs in `next` answers `return` after it: never.
      if (state === 'idle') await untilAborted(closing, signal).catch(() => undefined);
    },
  };
}

/** The header and the first bytes after it. */
export type OpenedFile = { readonly header: Header; readonly rest: Uint8Array };

/**
 * Reads up to the end of the header.
 * @throws ScoringError `InputParseError` for an empty file or broken quotes, `OutOfMemoryLimit` for an endless header.
 */
export async function readFileHeader(
  source: JobSource,
  delimiter: number,
  sourceName: string,
): Promise<OpenedFile> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const chunk = await source.next();
    if (chunk !== undefined) bytes = Buffer.concat([bytes, chunk]);
    const result = readHeader(bytes, delimiter, chunk === undefined);
    switch (result.kind) {
      case 'header':
        return { header: result.header, rest: bytes.subarray(result.header.next) };
      case 'empty':
        throw new ScoringError(
          'InputParseError',
          `${sourceName} is empty: its first line must name the columns.`,
        );
      case 'fault':
        throw new ScoringError('InputParseError', `${sourceName} line ${result.line}: ${result.reason}.`);
      case 'more':
        if (bytes.length > scoringLimits.headerBytesMax) {
          throw new ScoringError(
            'OutOfMemoryLimit',
            `${sourceName}: the line that names the columns is longer than ${scoringLimits.headerBytesMax} bytes; it begins with ${quoteValue(bytes.toString('utf8', 0, 40))}.`,
          );
        }
    }
  }
}
