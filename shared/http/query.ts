/** What callers say in a query: API versions, pages, spans of time. Names are found in any case. */
import { limits } from '../core/limits.ts';
import type { PageWish } from '../core/page.ts';
import { badArgument, type Refused } from '../core/refusal.ts';
import type { Call } from './call.ts';
import { armVersions } from './query-parameters.ts';
import { shownSafely } from './redact.ts';

/** `?api-version=2.0`; without one a client means API 1.0, which nobody can serve it. */
export function besVersion(call: Call): Refused | undefined {
  const version = call.query('api-version');
  if (version === '2.0') return undefined;
  if (version === undefined) {
    return badArgument(
      'BadVersionCall',
      'The api-version is missing, which means API 1.0, and only 2.0 is served: call with ?api-version=2.0, and start the job after it was registered.',
    );
  }
  return badArgument(
    'BadVersionCall',
    `The api-version is "${shownSafely(version, 40)}": call with ?api-version=2.0.`,
  );
}

/** Resource Manager calls: a version that we do not know is refused, none is taken as the newest. */
export function armVersion(call: Call): Refused | undefined {
  const version = call.query('api-version');
  if (version === undefined || armVersions.some((one) => one === version)) return undefined;
  const known = armVersions.join(' or ');
  return badArgument(
    'BadVersionCall',
    `The api-version is "${shownSafely(version, 40)}": call with ${known}.`,
  );
}

export type Page = PageWish & { readonly kind: 'page' };

/** `$top` (1 to 1,000; default 100) and `$skiptoken`, as `nextLink` gives it. */
export function pageOf(call: Call, topDefault = 100): Page | Refused {
  const top = call.query('$top') ?? String(topDefault);
  const count = /^\d{1,5}$/.test(top) ? Number(top) : 0;
  if (count < 1 || count > limits.pageMax) {
    return badQuery(
      `$top must be a whole number from 1 to ${limits.pageMax}; it was "${shownSafely(top, 40)}".`,
    );
  }
  const after = call.query('$skiptoken');
  if (after === undefined) return { kind: 'page', top: count };
  if (after === '' || after.length > 1_024) return badQuery('$skiptoken must be what a nextLink gave.');
  return { kind: 'page', top: count, after };
}

/** A list as every caller gets it. `after`: where the next page begins. */
export function listJson(value: readonly unknown[], call: Call, after?: string): object {
  if (after === undefined) return { value };
  const url = new URL(call.target, call.origin);
  for (const name of new Set(url.searchParams.keys())) {
    if (name.toLowerCase() === '$skiptoken') url.searchParams.delete(name);
  }
  url.searchParams.set('$skiptoken', after);
  return { value, nextLink: url.href };
}

export type Span = { readonly kind: 'span'; readonly fromMs?: number; readonly toMs?: number };

/**
 * `from` and `to` in ISO 8601; a date alone is its first instant, UTC. What lies before 1970 is taken as its beginning:
 * there was nothing then, and .NET's `DateTime.MinValue` (the year 1) is how many callers say "from the first on".
 */
export function spanOf(call: Call): Span | Refused {
  const from = instantOf(call, 'from');
  if (typeof from === 'object') return from;
  const to = instantOf(call, 'to');
  if (typeof to === 'object') return to;
  if (from !== undefined && to !== undefined && from > to) return badQuery('from must not lie after to.');
  return {
    kind: 'span',
    ...(from === undefined ? {} : { fromMs: Math.max(from, 0) }),
    ...(to === undefined ? {} : { toMs: Math.max(to, 0) }),
  };
}

function instantOf(call: Call, name: string): number | undefined | Refused {
  const text = call.query(name);
  if (text === undefined) return undefined;
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?)(Z|[+ -]\d\d:?\d\d)?)?$/.exec(
    text,
  );
  const [, day = '', time = '00:00', zone = 'Z'] = match ?? [];
  // A + in a query is a blank.
  const atMs = Date.parse(`${day}T${time}${zone.replace(' ', '+')}`);
  if (Number.isFinite(atMs)) return atMs;
  return badQuery(`${name} must be a time such as 2026-01-31T12:00:00Z; it was "${shownSafely(text, 40)}".`);
}

export function badQuery(text: string): Refused {
  return badArgument('InvalidQueryParameter', text);
}
