/**
 * The transport without HTTP streaming: the whole body in, the whole answer out, as the real host's messages carry
 * them.
 */
import { buffer } from 'node:stream/consumers';
import type { ServerResponse } from 'node:http';
import { askForBody } from './ask-for-body.ts';
import type { Cookie, HttpReply } from './core-types.ts';
import type { HttpTransport } from './http-streaming.ts';
import { calledByApi, invoke, type Invoker } from './invoke.ts';
import { encodePath } from './request-target.ts';

export function makeBuffered(invoker: Invoker): HttpTransport {
  return async (req, res, { route, params, path, query, invocationId }) => {
    askForBody(req, res);
    // A chunked body arrives empty, as on the real host.
    const body = req.headers['content-length'] === undefined ? Buffer.alloc(0) : await buffer(req);
    const http = {
      method: req.method,
      url: `http://${req.headers.host ?? 'localhost'}${encodePath(path)}${query}`,
      nullableHeaders: nullable(
        Object.entries(req.headers).map(([name, value]) => [name, String(value ?? '')]),
      ),
      nullableQuery: nullable(joinedQuery(query)),
      nullableParams: nullable(Object.entries(params)),
      ...(body.length > 0 ? { body: { bytes: body } } : {}),
    };
    const response = await invoke(invoker, {
      fn: route.fn,
      invocationId,
      reason: calledByApi,
      request: { inputData: [{ name: route.bindingName, data: { http } }], triggerMetadata: {} },
    });
    answer(res, response.returnValue?.http);
  };
}

/** Values of one name are joined, ignoring its case. */
function joinedQuery(query: string): [string, string][] {
  const joined = new Map<string, [string, string]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const earlier = joined.get(name.toLowerCase());
    if (earlier === undefined) joined.set(name.toLowerCase(), [name, value]);
    else earlier[1] += `,${value}`;
  }
  return [...joined.values()];
}

function nullable(entries: readonly (readonly [string, string])[]): Record<string, { value: string }> {
  return Object.fromEntries(entries.map(([name, value]) => [name, { value }]));
}

function answer(res: ServerResponse, reply: HttpReply | undefined): void {
  if (reply === undefined) return void res.writeHead(204).end();
  for (const [name, value] of Object.entries(reply.headers ?? {})) res.setHeader(name, value);
  const cookies = reply.cookies?.map(cookieText) ?? [];
  if (cookies.length > 0) res.setHeader('set-cookie', cookies);
  const body = reply.body?.bytes ?? reply.body?.string ?? reply.body?.json ?? '';
  res.statusCode = Number(reply.statusCode ?? 200);
  const isBodiless = res.statusCode === 204 || res.statusCode === 304;
  if (!isBodiless && res.req.method !== 'HEAD') res.setHeader('content-length', Buffer.byteLength(body));
  res.end(isBodiless ? undefined : body);
}

function cookieText(cookie: Cookie): string {
  const member = (name: string): unknown => {
    const wrapped = cookie[name];
    return typeof wrapped === 'object' && wrapped !== null && 'value' in wrapped ? wrapped.value : wrapped;
  };
  const text = (label: string, value: unknown): string =>
    ['string', 'number'].includes(typeof value) && value !== '' ? `; ${label}=${value as string}` : '';
  const expires = member('expires') as { readonly seconds: number } | undefined;
  const sameSite = member('sameSite');
  return [
    `${String(member('name'))}=${encodeURIComponent(String(member('value')))}`,
    text('expires', expires && new Date(expires.seconds * 1000).toUTCString()),
    text('max-age', member('maxAge')),
    text('domain', member('domain')),
    text('path', member('path') ?? '/'),
    member('secure') === true ? '; secure' : '',
    text('samesite', sameSite === 'none' ? '' : sameSite === 'explicitNone' ? 'none' : sameSite),
    member('httpOnly') === true ? '; httponly' : '',
  ].join('');
}
