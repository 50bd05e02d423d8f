/** What a caller hears where no function is: the methods that are there, or where to look. */
import { notFound, type Refused } from '../core/refusal.ts';
import type { Call } from './call.ts';
import { declared } from './operation.ts';
import { pathParams } from './path-params.ts';
import { shownSafely } from './redact.ts';

export function nothingHere(call: Call): Refused {
  const { pathname } = new URL(call.target, call.origin);
  // Segment by segment: a long path is no key.
  const path = pathname
    .split('/')
    .map((segment) => shownSafely(segment, 80))
    .join('/');
  return notFound(
    'RouteNotFound',
    `There is nothing at ${call.method} ${path.slice(0, 300)}; ${remedyAt(pathname)}. GET /openapi.json lists the routes.`,
  );
}

/** The address of request-response scoring, which clients of the original know beside that of batch jobs. */
const requestResponse = /\/services\/[^/]+\/execute\/?$/i;

function remedyAt(pathname: string): string {
  if (requestResponse.test(pathname))
    return 'request-response scoring is not served: register a batch job, POST .../jobs?api-version=2.0';
  const there = declared.filter(({ route }) => pathParams(route, pathname) !== undefined);
  if (there.length === 0) return 'look at the address and the method';
  return `this address takes ${[...new Set(there.map(({ method }) => method))].join(', ')}`;
}
