/** One version of a blob as a stream: in bounded memory, at the reader's speed, taken up again where a connection broke. */
import { tryBlob, type BlobRefusal } from './blob-call.ts';
import type { BlobReply } from './blob-http.ts';
import { makeBearing, type Patience } from './blob-patience.ts';
import { JobFault } from './job-fault.ts';

export type BlobSource = {
  readonly url: string;
  /** Read with If-Match: a blob that changed is never mixed with what it was. */
  readonly etag?: string;
  /** Where reading ends; with `from`, where it begins (default 0). */
  readonly bytes: number;
  readonly from?: number;
  /** `part`: `bytes` is not the blob's end. Default `whole`. */
  readonly extent?: 'whole' | 'part';
  readonly patience: Patience;
  /** What a refusal of the storage means here. */
  readonly refused: (refusal: BlobRefusal) => JobFault;
  /** What is thrown when patience ran out; `why` names the host and how long it was waited for. */
  readonly notReached: (why: string) => JobFault;
};

/** What uploaders give text that is not compressed at all; some take the header for the charset's. */
const plainEncodings = ['', 'identity', 'utf-8', 'utf8', 'us-ascii'];

/**
 * The blob's bytes in order, each once. Chunks are the reader's to keep.
 *
 * @throws JobFault as `refused` and `notReached` make it; the signal's reason when it has fired
 */
export async function* readBlob(blob: BlobSource, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const bearing = makeBearing(blob.patience);
  let offset = blob.from ?? 0;
  for (;;) {
    const opened = await open(blob, offset, bearing.leftMs(), signal);
    if (opened.kind === 'done') {
      bearing.heard();
      const body = makeBody(opened.response, opened.end, blob.patience.callMs);
      try {
        for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next()) {
          offset += chunk.length;
          yield chunk;
          // The reader's time is not the storage's silence.
          bearing.progress();
        }
      } finally {
        body.leave();
      }
      if (offset >= blob.bytes) return;
    }
    signal.throwIfAborted();
    if (opened.kind === 'unheard' && opened.from === 'host') bearing.heard();
    const why = opened.kind === 'unheard' ? opened.why : 'the connection broke again and again';
    if ((await bearing.next(signal)) === 'given-up') throw blob.notReached(bearing.lastWords(blob.url, why));
  }
}

async function open(blob: BlobSource, offset: number, leftMs: number, signal: AbortSignal) {
  const headers = {
    ...(blob.etag === undefined ? {} : { 'if-match': blob.etag }),
    ...(offset === 0 && blob.extent !== 'part' ? {} : { range: rangeOf(blob, offset) }),
  };
  const tried = await tryBlob(
    {
      method: 'GET',
      url: blob.url,
      headers,
      callMs: Math.min(blob.patience.callMs, leftMs),
      openHosts: blob.patience.openHosts ?? [],
    },
    signal,
  );
  if (tried.kind === 'refused') throw blob.refused(await precisely(tried, blob, signal));
  if (tried.kind !== 'done') return tried;
  const { response, end } = tried;
  const encoding = response.headers.get('content-encoding') ?? '';
  if (!plainEncodings.includes(encoding.trim().toLowerCase())) {
    end();
    throw blob.refused({ kind: 'refused', status: 415, code: encoding });
  }
  if ((offset > 0 || blob.extent === 'part') && response.status !== 206) {
    end();
    return { kind: 'unheard', from: 'host', why: 'it does not serve ranges' } as const;
  }
  return tried;
}

function rangeOf({ bytes, extent }: BlobSource, offset: number): string {
  return `bytes=${offset}-${extent === 'part' ? bytes - 1 : ''}`;
}

/** Some storages say of a blob that is gone that it does not meet the condition. */
async function precisely(refusal: BlobRefusal, blob: BlobSource, signal: AbortSignal): Promise<BlobRefusal> {
  if (refusal.status !== 412) return refusal;
  const { callMs, openHosts = [] } = blob.patience;
  const looked = await tryBlob({ method: 'HEAD', url: blob.url, callMs, openHosts }, signal);
  return looked.kind === 'refused' ? looked : refusal;
}

/** A silence of `quietMs` while we wait counts as a broken connection; one that we cause (back-pressure) does not. */
function makeBody(reply: BlobReply, end: () => void, quietMs: number) {
  let state: 'reading' | 'over' = 'reading';
  return {
    /** Undefined at the end, however it came: whoever counts bytes knows. */
    next: async (): Promise<Uint8Array | undefined> => {
      const silence = setTimeout(end, quietMs);
      try {
        const chunk = await reply.next();
        if (chunk === undefined) state = 'over';
        return chunk;
      } catch {
        state = 'over';
        return undefined;
      } finally {
        clearTimeout(silence);
      }
    },
    /** A body left in the middle must not hold its connection. */
    leave: () => {
      if (state === 'reading') end();
    },
  };
}
