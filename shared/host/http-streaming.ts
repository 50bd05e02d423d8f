/**
 * Hands a request to the library's own server object and lets it answer on the client's response: HTTP streaming
 * without a second hop.
 */
import { once, type EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { askForBody } from './ask-for-body.ts';
import type { TypedData } from './core-types.ts';
import type { HttpFunction } from './http-functions.ts';
import { calledByApi, invoke, type Invoker } from './invoke.ts';
import { encodePath, type RequestTarget } from './request-target.ts';

export type HttpCall = RequestTarget & {
  readonly route: HttpFunction;
  readonly params: Readonly<Record<string, string>>;
  readonly invocationId: string;
  readonly bodyBytesMax: number;
};
export type HttpTransport = (req: IncomingMessage, res: ServerResponse, call: HttpCall) => Promise<void>;

/** Reading may go on after the answer; so long without a byte, and nobody reads any more. */
const stalledMs = 8_000;

/** @returns a transport whose promise settles when the function is done; it rejects with what went wrong */
export function makeStreaming(invoker: Invoker, library: EventEmitter): HttpTransport {
  return async (req, res, call) => {
    const { fn, bindingName, name } = call.route;
    const { invocationId } = call;
    const warn = (how: string): void =>
      invoker.log(
        'error',
        `Function.${name}`,
        `'Functions.${name}': the request body was ${how} half read: the real host answers 500 after 8 s. Read it to its end.`,
      );
    const cutOffWhenStalled = (): void => {
      if (req.complete) return;
      req.setTimeout(stalledMs, () => {
        warn('left');
        req.destroy();
      });
    };
    const view = {
      headers: {
        'x-ms-invocation-id': invocationId,
        'x-forwarded-host': req.headers.host ?? 'localhost',
        'x-forwarded-proto': 'http',
      },
      url: encodePath(call.path) + call.query,
      method: req.method,
      [Symbol.asyncIterator]: () => {
        res.once('close', cutOffWhenStalled);
        return readBody(req, res, call.bodyBytesMax, () => warn('cancelled'));
      },
    };
    res.strictContentLength = true;
    await invoke(invoker, {
      fn,
      invocationId,
      reason: calledByApi,
      request: {
        inputData: [{ name: bindingName, data: { http: {} } }],
        triggerMetadata: triggerMetadata(req, call),
      },
      open: () => void library.emit('request', view, res),
      shape: (result) => paced(result, res),
      instead: { status: 500 },
    });
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

/** The body with its limit: over it, or cancelled half read, the answer is 500 at once. */
async function* readBody(
  req: IncomingMessage,
  res: ServerResponse,
  bytesMax: number,
  onCancelled: () => void,
): AsyncGenerator<unknown, void, void> {
  let bytes = 0;
  let end: 'cancelled' | 'failed' | 'reached' = 'cancelled';
  try {
    askForBody(req, res);
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > bytesMax) throw new Error(`the request body has more than ${bytesMax} bytes`);
      yield chunk;
    }
    end = 'reached';
  } catch (error) {
    end = 'failed';
    throw error;
  } finally {
    if (end === 'cancelled') onCancelled();
    if (end !== 'reached') {
      answerEmpty(res, 500);
      req.resume();
    }
  }
}

/** Answers with a status and no body unless an answer has begun, which is broken off then. */
export function answerEmpty(res: ServerResponse, status: number): void {
  if (res.writableEnded || res.destroyed) return;
  if (res.headersSent) return void res.destroy();
  for (const name of res.getHeaderNames()) if (name.startsWith('content-')) res.removeHeader(name);
  res.writeHead(status, { 'content-length': 0 }).end();
}

type Body = AsyncIterable<Uint8Array | string>;

/**
 * The library writes a streamed body without heeding back-pressure; this makes its source wait for the client instead.
 */
function paced(result: unknown, res: ServerResponse): unknown {
  if (result === undefined)
    throw new Error(
      'the function returned nothing: with HTTP streaming the real host leaves its client hanging',
    );
  if (typeof result !== 'object' || result === null || !('body' in result)) return result;
  const { body } = result;
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
