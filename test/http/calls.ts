/** Requests as the Functions library hands them over, and replies as tests look at them. */
import { HttpRequest, InvocationContext, type HttpHandler, type HttpResponseInit } from '@azure/functions';
import { expect } from 'vitest';

export type Wish = {
  readonly method?: string;
  /** Path and query. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON. */
  readonly body?: unknown;
  readonly key?: string;
};

export type Got = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** What the invocation wrote to the log. */
  readonly log: readonly string[];
};

export const requestId = '6f9619ff-8b86-d011-b42d-00c04fc964ff';

export function requestOf(wish: Wish): HttpRequest {
  const text = typeof wish.body === 'string' ? wish.body : JSON.stringify(wish.body);
  return new HttpRequest({
    method: wish.method ?? 'GET',
    url: `http://127.0.0.1:7071${wish.path ?? '/'}`,
    headers: { ...(wish.key === undefined ? {} : { authorization: `Bearer ${wish.key}` }), ...wish.headers },
    ...(wish.body === undefined ? {} : { body: { bytes: new TextEncoder().encode(text) } }),
  });
}

export async function send(handler: HttpHandler, wish: Wish | HttpRequest): Promise<Got> {
  const log: string[] = [];
  const context = new InvocationContext({
    invocationId: requestId,
    functionName: 'test',
    logHandler: (_level, ...parts) => void log.push(parts.map(String).join(' ')),
  });
  const request = wish instanceof HttpRequest ? wish : requestOf(wish);
  return gotOf(await handler(request, context), log);
}

function gotOf(init: HttpResponseInit, log: readonly string[]): Got {
  const headers = new Headers(init.headers);
  const text = typeof init.body === 'string' ? init.body : '';
  const got = { status: init.status ?? 200, headers, text, log };
  expectWellFormed(got);
  return got;
}

/** What holds for every reply whatever it is. */
function expectWellFormed(got: Got): void {
  expect(got.headers.get('x-ms-request-id')).toBe(requestId);
  if (got.status === 204) expect(got.text).toBe('');
  else expect(got.headers.get('content-length')).toBe(String(Buffer.byteLength(got.text)));
  if (got.status >= 400 && got.text !== '') expectEnvelope(got);
}

function expectEnvelope(got: Got): void {
  if (got.text.startsWith('{"status"')) return;
  const { error } = JSON.parse(got.text) as { error: Record<string, unknown> };
  expect(Object.keys(error)).toEqual(['code', 'message', 'details']);
  expect(error['message']).toMatch(/\.$/);
  const details = error['details'] as { code: string; message: string }[];
  expect(details.length).toBeGreaterThan(0);
  for (const detail of details) {
    expect(detail.code).toMatch(/^[A-Z][A-Za-z]+$/);
    expect(detail.message.length).toBeGreaterThan(10);
  }
}

/** Code and message of the first detail. */
export function detailOf(got: Got): { code: string; message: string } {
  const { error } = JSON.parse(got.text) as { error: { details: { code: string; message: string }[] } };
  return error.details[0] ?? { code: '', message: '' };
}
