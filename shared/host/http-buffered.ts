/**
 * The transport without HTTP streaming: the whole body in, the whole answer out, as the real host's messages carry
 * them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CookieMember, HttpReply, Scalar } from './core-types.ts';
import type { HttpTransport } from './http-streaming.ts';
import { invoke, type Invoker } from './invoke.ts';
import { encodePath } from './request-target.ts';

type Nullable = Record<string, { value: string }>;

export function makeBuffered(invoker: Invoker): HttpTransport {
  return async (req, res, call) => {
    const body = await readBody(req, call.bodyBytesMax);
    const { target } = call;
    const http = {
      method: req.method,
      url: `http://${req.headers.host ?? 'localhost'}${encodePath(call.path)}${call.query}`,
      nullableHeaders: nullable(
        Object.entries(req.headers).map(([name, value]) => [name, String(value ?? '')]),
      ),
      nullableQuery: nullable(joinedQuery(call.query)),
      nullableParams: nullable(Object.entries(call.params)),
      ...(body.length > 0 ? { body: { bytes: body } } : {}),
    };
    const response = await invoke(invoker, {
      fn: target.fn,
      invocationId: call.invocationId,
      reason: 'This function was programmatically called via the host APIs.',
      request: { inputData: [{ name: target.bindingName, data: { http } }], triggerMetadata: {} },
    });
    answer(res, response.returnValue?.http);
  };
}

/** A chunked body arrives empty, as on the real host. */
async function readBody(req: IncomingMessage, bytesMax: number): Promise<Buffer> {
  if (req.headers['content-length'] === undefined) {
    req.resume();
    return Buffer.alloc(0);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  if (body.length > bytesMax) throw new Error(`the request body has more than ${bytesMax} bytes`);
  return body;
}

/** Values of one name are joined, ignoring its case. */
function joinedQuery(query: string): [string, string][] {
  const joined = new Map<string, [string, string]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const earlier = joined.get(name.toLowerCase());
    joined.set(
      name.toLowerCase(),
      earlier === undefined ? [name, value] : [earlier[0], `${earlier[1]},${value}`],
    );
  }
  return [...joined.values()];
}

function nullable(entries: readonly (readonly [string, string])[]): Nullable {
  return Object.fromEntries(entries.map(([name, value]) => [name, { value }]));
}

function answer(res: ServerResponse, reply: HttpReply | undefined): void {
  if (reply === undefined) {
    res.writeHead(204).end();
    return;
  }
  for (const [name, value] of Object.entries(reply.headers ?? {})) res.setHeader(name, value);
  const cookies = reply.cookies?.map(cookieText) ?? [];
  if (cookies.length > 0) res.setHeader('set-cookie', cookies);
  const body = reply.body?.bytes ?? reply.body?.string ?? reply.body?.json ?? '';
  res.statusCode = Number(reply.statusCode ?? 200);
  const isBodiless = res.statusCode === 204 || res.statusCode === 304;
  if (!isBodiless && res.req.method !== 'HEAD') res.setHeader('content-length', Buffer.byteLength(body));
  res.end(isBodiless ? undefined : body);
}

function cookieText(cookie: Readonly<Record<string, CookieMember>>): string {
  const member = (name: string): Scalar | { readonly seconds: number } => {
    const wrapped = cookie[name];
    return typeof wrapped === 'object' ? wrapped.value : wrapped;
  };
  const text = (label: string, value: unknown): string =>
    ['string', 'number'].includes(typeof value) && value !== ''
      ? `; ${label}=${value as string | number}`
      : '';
  const expires = member('expires');
  const sameSite = member('sameSite');
  return [
    `${member('name') as string}=${encodeURIComponent(member('value') as string)}`,
    text('expires', typeof expires === 'object' ? new Date(expires.seconds * 1000).toUTCString() : undefined),
    text('max-age', member('maxAge')),
    text('domain', member('domain')),
    text('path', member('path') ?? '/'),
    member('secure') === true ? '; secure' : '',
    text('samesite', sameSite === 'none' ? '' : sameSite === 'explicitNone' ? 'none' : sameSite),
    member('httpOnly') === true ? '; httponly' : '',
  ].join('');
}
