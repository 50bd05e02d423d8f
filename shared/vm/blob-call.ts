/** One request to blob storage through a SAS URL: with a deadline, no redirects, and the storage's own error code. */
import { judgeSas, type SasState } from '../core/sas-time.ts';
import { ForbiddenAddress } from '../net/guarded-connection.ts';
import { askOverHttp, textOf, type BlobReply } from './blob-http.ts';
import { reasonOf } from './service-client.ts';

/** What is asked; `url` carries the SAS and is never part of a message. */
export type BlobCall = {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly url: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Until the reply's headers are there (for errors: its body too). */
  readonly callMs: number;
  /** Names of hosts that may lie inside; default none. */
  readonly openHosts?: readonly string[];
};

export type BlobTry =
  /** 2xx. A GET's body is still to be read: `end` breaks it off. */
  | { readonly kind: 'done'; readonly response: BlobReply; readonly end: () => void }
  /** The storage said no; `code` is its own, `''` when it gave none. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly code: string;
      /** Of a 403: what the SAS was at the time that the storage's reply bears. */
      readonly sas?: SasState;
    }
  /** Passing: not reached or too slow (`nowhere`), throttled, in trouble or sent damaged bytes (`host`). */
  | { readonly kind: 'unheard'; readonly from: 'host' | 'nowhere'; readonly why: string };
export type BlobRefusal = Extract<BlobTry, { kind: 'refused' }>;

/** The newest version that all clouds, stacks and emulators in use know. */
const version = '2021-12-02';

/** @throws the signal's reason when it has fired */
export async function tryBlob(call: BlobCall, signal: AbortSignal): Promise<BlobTry> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const deadline = setTimeout(() => ending.abort(new Error('no answer within the deadline')), call.callMs);
  try {
    const { method, body, openHosts = [] } = call;
    const headers = { 'x-ms-version': version, ...call.headers };
    const response = await askOverHttp(
      { method, url: addressOf(call), headers, openHosts, ...(body === undefined ? {} : { body }) },
      AbortSignal.any([signal, ending.signal]),
    );
    const { status } = response;
    if (status >= 200 && status < 300) {
      if (call.method !== 'GET') await textOf(response);
      return { kind: 'done', response, end: () => ending.abort() };
    }
    const text = await textOf(response);
    const code = response.headers.get('x-ms-error-code') ?? /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? '';
    if (status >= 500 || status === 408 || status === 429 || code === 'Md5Mismatch') {
      return { kind: 'unheard', from: 'host', why: `the storage answered ${status} ${code}`.trimEnd() };
    }
    return { kind: 'refused', status, code, ...(status === 403 ? { sas: stateOfSas(call, response) } : {}) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ForbiddenAddress) return { kind: 'refused', status: 403, code: error.name };
    const why = ending.signal.aborted ? ending.signal.reason : error;
    return { kind: 'unheard', from: 'nowhere', why: reasonOf(why) };
  } finally {
    clearTimeout(deadline);
  }
}

/** By the storage's clock, which has just judged it; its reply tells whole seconds. */
function stateOfSas({ url }: BlobCall, { headers }: BlobReply): SasState {
  const atMs = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(atMs) ? { kind: 'good' } : judgeSas(url, atMs + 999);
}

function addressOf(call: BlobCall): string {
  const query = new URLSearchParams(call.query).toString();
  if (query === '') return call.url;
  return call.url + (call.url.includes('?') ? '&' : '?') + query;
}
