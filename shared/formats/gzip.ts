/** Packs and unpacks in passing: neither side is ever held whole. */
import { once } from 'node:events';
import { createGunzip, createGzip, type Gunzip } from 'node:zlib';
import { ScoringError } from '../scoring/scoring-error.ts';
import type { ByteTarget } from './table-sink.ts';

/** @throws ScoringError `InputParseError` when it is no gzip or is cut off; whatever `source` threw */
export async function* gunzipped(
  source: AsyncIterable<Uint8Array>,
  sourceName: string,
): AsyncGenerator<Uint8Array, void> {
  const gunzip = createGunzip();
  let failure: { readonly error: unknown } | undefined;
  const fed = feed(gunzip, source, sourceName).catch((error: unknown) => {
    failure = { error };
    gunzip.destroy();
  });
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
    await fed;
  } catch (error) {
    await fed;
    // What ended the source comes first: the stream only says that it was broken off.
    failure ??= { error };
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

/**
 * Until the source ends or nobody reads any more. Behind the last member of the file there may be zeros, as tapes and
 * disks leave them: the stream ends there, with its last chunk half read.
 */
async function feed(gunzip: Gunzip, source: AsyncIterable<Uint8Array>, sourceName: string): Promise<void> {
  const over = new Promise<void>((resolve) => gunzip.once('end', resolve).once('close', resolve));
  let before = 0;
  for await (const chunk of source) {
    if (!gunzip.readableEnded) {
      const taken = new Promise<void>((resolve, reject) => {
        gunzip.write(chunk, (error) => (error == null ? resolve() : reject(error)));
      });
      await Promise.race([taken, over]);
      if (gunzip.destroyed) return;
    }
    const rest = chunk.subarray(Math.max(0, gunzip.bytesWritten - before));
    if (rest.some((byte) => byte !== 0)) {
      const text = `${sourceName} cannot be unpacked: zeros end it, and bytes follow them. Pack its parts again without anything between them.`;
      throw new ScoringError('InputParseError', text);
    }
    before += chunk.length;
  }
  gunzip.end();
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
