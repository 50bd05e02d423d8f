/** One request as handlers see it, without its body. Header and query names are found in any case. */
import type { HttpRequest } from '@azure/functions';
import { pathParams } from './path-params.ts';

export type Call = {
  readonly method: string;
  /** Only what the route declares, decoded once. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: (name: string) => string | undefined;
  readonly header: (name: string) => string | undefined;
  /** The key of `Authorization: Bearer {key}`. */
  readonly bearer: string | undefined;
  /** Scheme and host that the caller used, no slash at the end. */
  readonly origin: string;
  /** Path and query as the caller sent them. */
  readonly target: string;
  readonly requestId: string;
};

const bearerLengthMax = 1_024;

/** Undefined when the path does not fit the route (which only a proxy that rewrites paths can bring about). */
export function callOf(request: HttpRequest, route: string, requestId: string): Call | undefined {
  const url = new URL(request.url);
  const params = pathParams(route, url.pathname);
  if (params === undefined) return undefined;
  const query = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (!query.has(name.toLowerCase())) query.set(name.toLowerCase(), value);
  }
  return {
    method: request.method,
    params,
    query: (name) => query.get(name.toLowerCase()),
    header: (name) => request.headers.get(name) ?? undefined,
    bearer: bearerOf(request.headers.get('authorization')),
    origin: url.origin,
    target: url.pathname + url.search,
    requestId,
  };
}

/** A declared parameter of the route. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no parameter "${name}"`);
  return value;
}

function bearerOf(header: string | null): string | undefined {
  if (header === null || header.length > bearerLengthMax) return undefined;
  return /^bearer\s+(\S+)\s*$/i.exec(header)?.[1];
}
