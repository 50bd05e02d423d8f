/** CORS from `Host.CORS` of local.settings.json: answered before routing, as Core Tools does it. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export type CorsRules = {
  /** Origins, or `*`; empty = no CORS headers at all. */
  readonly origins: readonly string[];
  readonly allowCredentials: boolean;
};

/** Adds the headers to an answer; answers a preflight itself.
 * @returns true when the request is answered */
export function answerCors(
  { origins, allowCredentials }: CorsRules,
  req: IncomingMessage,
  res: ServerResponse,
): boolean {
  const { origin, 'access-control-request-method': method } = req.headers;
  if (origins.length === 0 || origin === undefined) return false;
  const isPreflight = req.method === 'OPTIONS' && method !== undefined;
  if (origins.some((one) => one === '*' || one.toLowerCase() === origin.toLowerCase())) {
    const isAny = origins.includes('*') && !allowCredentials;
    res.setHeader('access-control-allow-origin', isAny ? '*' : origin);
    if (!isAny) res.setHeader('vary', 'Origin');
    if (allowCredentials) res.setHeader('access-control-allow-credentials', 'true');
    if (isPreflight) {
      res.setHeader('access-control-allow-methods', method);
      const headers = req.headers['access-control-request-headers'];
      if (headers !== undefined) res.setHeader('access-control-allow-headers', headers);
    }
  }
  if (isPreflight) res.writeHead(204).end();
  return isPreflight;
}
