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
  const { origin } = req.headers;
  if (origins.length === 0 || origin === undefined) return false;
  const isAny = origins.includes('*');
  const isAllowed = isAny || origins.some((one) => one.toLowerCase() === origin.toLowerCase());
  const isPreflight = req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined;
  if (isAllowed) {
    res.setHeader('access-control-allow-origin', isAny && !allowCredentials ? '*' : origin);
    if (!isAny || allowCredentials) res.setHeader('vary', 'Origin');
    if (allowCredentials) res.setHeader('access-control-allow-credentials', 'true');
    if (isPreflight) {
      res.setHeader('access-control-allow-methods', String(req.headers['access-control-request-method']));
      const asked = req.headers['access-control-request-headers'];
      if (asked !== undefined) res.setHeader('access-control-allow-headers', asked);
    }
  }
  if (isPreflight) res.writeHead(204).end();
  return isPreflight;
}
