/** Packs and unpacks in passing: neither side is ever held whole. */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { ScoringError } from '../scoring/scoring-error.ts';
import type { ByteTarget } from './table-sink.ts';

/**
 * @param source its chunks are not changed afterwards: it is read ahead
 * @throws ScoringError `InputParseError` when it is no gzip or is cut off; whatever `source` threw
 */
export async function* gunzipped(
  source: AsyncIterable<Uint8Array>,
  sourceName: string,
): AsyncGenerator<Uint8Array, void> {
  const gunzip = createGunzip();
  let failure: { readonly error: unknown } | undefined;
  const fed = pipeline(Readable.from(source, { objectMode: false }), gunzip).catch((error: unknown) => {
    failure = { error };
  });
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
    await fed;
  } catch {
    await fed;
  } finally {
    gunzip.destroy();
  }
  if (failure === undefined) return;
  const { error } = failure;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!code.startsWith('Z_')) throw error;
  throw new ScoringError(
    'InputParseError',
    `${sourceName} cannot be unpacked: it is no gzip file, or is cut off or damaged (${code}).`,
    { cause: error },
  );
}

/** What is written to it goes on to `target`, packed. */
export function gzipTarget(target: ByteTarget): ByteTarget {
  const gzip = createGzip();
  let failure: { readonly error: unknown } | undefined;
  const passedOn = (async () => {
    for await (const chunk of gzip) await target.write(chunk as Uint8Array);
  })().catch((error: unknown) => {
    failure ??= { error };
    gzip.destroy();
  });
  const throwFailure = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    write: async (chunk) => {
      throwFailure();
      // It keeps what it cannot pack at once, and the writer has use for its memory.
      if (!gzip.write(Buffer.from(chunk)))
        await Promise.race([once(gzip, 'drain').catch(() => undefined), passedOn]);
      throwFailure();
    },
    end: async () => {
      gzip.end();
      await passedOn;
      throwFailure();
      await target.end();
    },
  };
}
