/**
 * A request's body within a limit. The body is counted while it is read, since most clients send it chunked, and one
 * that was begun is always read to its end: stopping half-way gives the client a 500 instead of our answer
 * (functions-host.md, section 2).
 */
import type { HttpRequest } from '@azure/functions';
import { limits } from '../core/limits.ts';
import { badArgument, tooLarge, tooSlow, type Refused } from '../core/refusal.ts';
import { withinDeadline } from './within-deadline.ts';

type Reader = ReadableStreamDefaultReader<Uint8Array>;

export type BodyText = { readonly kind: 'text'; readonly text: string };

/** @param msMax for all of it; default `limits.bodyMsMax` */
export async function readBody(
  request: HttpRequest,
  bytesMax: number,
  msMax: number = limits.bodyMsMax,
): Promise<BodyText | Refused> {
  // Not touched at all when its length says enough.
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) return tooLong(bytesMax);
  const reader = request.body?.getReader() as Reader | undefined;
  if (reader === undefined) return { kind: 'text', text: '' };
  // What is late is read to its end all the same, unheard.
  const read = await withinDeadline(readWhole(reader, bytesMax), msMax, () => tooLate(msMax));
  if (!(read instanceof Uint8Array)) return read;
  return decode(read, request.headers.get('content-type') ?? '');
}

async function readWhole(reader: Reader, bytesMax: number): Promise<Uint8Array | Refused> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      bytes += read.value.byteLength;
      if (bytes > bytesMax) {
        void drain(reader);
        return tooLong(bytesMax);
      }
      chunks.push(read.value);
    }
  } catch {
    return badArgument(
      'RequestBodyInvalid',
      'The request body broke off before its end; send the request again.',
    );
  }
  return Buffer.concat(chunks);
}

async function drain(reader: Reader): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // The client is gone: nobody waits for the rest.
  }
}

function tooLate(msMax: number): Refused {
  return tooSlow(
    'RequestBodyTooSlow',
    `The request body did not arrive within ${msMax / 1_000} s; send the request again.`,
  );
}

function tooLong(bytesMax: number): Refused {
  return tooLarge(
    'RequestBodyTooLarge',
    `The request body is larger than the ${bytesMax} bytes that this call takes: put data into blobs and name them.`,
  );
}

/** UTF-8, whatever the header says, unless it is not; then the charset that the header names. */
function decode(bytes: Uint8Array, contentType: string): BodyText | Refused {
  const charset = /charset\s*=\s*"?([\w-]{1,32})/i.exec(contentType)?.[1] ?? 'utf-8';
  for (const label of /^utf-16/i.test(charset) ? [charset] : ['utf-8', charset]) {
    try {
      return { kind: 'text', text: new TextDecoder(label, { fatal: true }).decode(bytes) };
    } catch {
      continue;
    }
  }
  return badArgument(
    'RequestBodyInvalid',
    'The request body is not text in UTF-8: send JSON, without compression.',
  );
}
