/**
 * Hands a request to the library's own server object and lets it answer on the client's response: HTTP streaming
 * without a second hop.
 */
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { TypedData } from './core-types.ts';
import type { HttpFunction } from './http-functions.ts';
import { invoke, type Invoker } from './invoke.ts';
import { encodePath } from './request-target.ts';

export type HttpCall = {
  readonly target: HttpFunction;
  readonly params: Readonly<Record<string, string>>;
  readonly path: string;
  readonly query: string;
  readonly invocationId: string;
  readonly bodyBytesMax: number;
};
export type HttpTransport = (req: IncomingMessage, res: ServerResponse, call: HttpCall) => Promise<void>;

const stalledMs = 8_000;

/** @returns a transport whose promise settles when the function is done; it rejects with what went wrong */
export function makeStreaming(invoker: Invoker, library: EventEmitter): HttpTransport {
  return async (req, res, call) => {
    const { target, invocationId } = call;
    let isBodyBegun = false;
    const warn = (text: string): void =>
      invoker.log('error', `Function.${target.name}`, `'Functions.${target.name}': ${text}`);
    const view = {
      headers: {
        'x-ms-invocation-id': invocationId,
        'x-forwarded-host': req.headers.host ?? 'localhost',
        'x-forwarded-proto': 'http',
      },
      url: encodePath(call.path) + call.query,
      method: req.method,
      [Symbol.asyncIterator]: () => {
        isBodyBegun = true;
        return readBody(req, res, call.bodyBytesMax, warn);
      },
    };
    res.strictContentLength = true;
    await invoke(invoker, {
      fn: target.fn,
      invocationId,
      reason: 'This function was programmatically called via the host APIs.',
      request: {
        inputData: [{ name: target.bindingName, data: { http: {} } }],
        triggerMetadata: triggerMetadata(req, call),
      },
      open: () => void library.emit('request', view, res),
      shape: (result) => paced(result, res),
      instead: { status: 500 },
    });
    if (isBodyBegun) cutOffWhenStalled(req, warn);
  };
}

/** Query values look like route parameters, as with the real host; a real route parameter wins. */
function triggerMetadata(req: IncomingMessage, { params, query }: HttpCall): Record<string, TypedData> {
  const metadata: Record<string, TypedData> = {};
  if (query.length > 1)
    for (const [name, value] of new URLSearchParams(query)) metadata[name] = { string: value };
  for (const name in params) metadata[name] = { string: params[name] ?? '' };
  metadata['Headers'] = { json: JSON.stringify(req.headers) };
  return metadata;
}

/**
 * The body with its limit. Leaving it half read makes the real host answer 500 after 8 s: said and answered at once
 * here.
 */
async function* readBody(
  req: IncomingMessage,
  res: ServerResponse,
  bytesMax: number,
  warn: (text: string) => void,
): AsyncGenerator<unknown, void, void> {
  let bytes = 0;
  let state: 'reading' | 'read' | 'over' | 'broken' = 'reading';
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > bytesMax) state = 'over';
      if (state === 'over') throw new Error(`the request body has more than ${bytesMax} bytes`);
      yield chunk;
    }
    state = 'read';
  } catch (error) {
    if (state === 'reading') state = 'broken';
    throw error;
  } finally {
    if (state === 'reading')
      warn(
        'the request body was cancelled half read: the real host answers 500 after 8 s. Read it to its end.',
      );
    if (state === 'reading' || state === 'over') {
      answerEmpty(res, 500);
      req.resume();
    }
  }
}

/** Answers with a status and no body unless an answer has begun. */
export function answerEmpty(res: ServerResponse, status: number): void {
  if (res.headersSent) {
    if (!res.writableEnded) res.destroy();
    return;
  }
  for (const name of res.getHeaderNames()) if (name.startsWith('content-')) res.removeHeader(name);
  res.writeHead(status, { 'content-length': 0 }).end();
}

/** Reading may go on after the answer; a body that nobody reads any more would keep its client waiting. */
function cutOffWhenStalled(req: IncomingMessage, warn: (text: string) => void): void {
  const { bytesRead } = req.socket;
  const look = () => {
    if (req.complete || req.destroyed) return;
    if (req.socket.bytesRead > bytesRead) return cutOffWhenStalled(req, warn);
    warn('the request body was left half read: the real host answers 500 then. Read it to its end.');
    req.destroy();
  };
  if (!req.complete) setTimeout(look, stalledMs).unref();
}

type Body = AsyncIterable<Uint8Array | string>;

/**
 * The library writes a streamed body without heeding back-pressure; this makes its source wait for the client instead.
 */
function paced(result: unknown, res: ServerResponse): unknown {
  if (typeof result !== 'object' || result === null || !('body' in result)) return result;
  const body = result.body;
  if (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)) return result;
  const stream = ReadableStream.from(whenDrained(body as Body, res));
  if (Object.getPrototypeOf(result) === Object.prototype) return { ...result, body: stream };
  return Object.defineProperty(result, 'body', { value: stream });
}

async function* whenDrained(body: Body, res: ServerResponse): AsyncGenerator<Uint8Array | string> {
  for await (const chunk of body) {
    if (res.writableNeedDrain && !res.destroyed) await Promise.race([once(res, 'drain'), once(res, 'close')]);
    yield chunk;
  }
}
