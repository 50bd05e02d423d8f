/**
 * Which function answers a request: routes in alphabetical order of function name, the first match wins, nothing is
 * ranked.
 */
import { parseTemplate, type Part, type Segment } from './route-template.ts';

export type HttpRoute = {
  readonly name: string;
  /** Empty or null = the function's name. */
  readonly route: string | null | undefined;
  /** Empty or null = every method. */
  readonly methods: readonly string[] | null | undefined;
};
type Params = Record<string, string>;
export type RouteMatch<Route> = { readonly route: Route; readonly params: Readonly<Params> };
export type RouteTable<Route> = (method: string, path: string) => RouteMatch<Route> | undefined;

/** The path template that a function gets. */
export function templateOf(prefix: string, { route, name }: HttpRoute): string {
  return (prefix === '' ? '' : `${prefix}/`) + (route || name);
}

/** @param prefix `routePrefix` of host.json
 * @returns what answers a method and a decoded path (see request-target.ts)
 * @throws HostRefusal when the real router refuses the table */
export function makeRouteTable<Route extends HttpRoute>(
  prefix: string,
  routes: readonly Route[],
): RouteTable<Route> {
  const table = routes
    .toSorted((a, b) => (a.name.toUpperCase() < b.name.toUpperCase() ? -1 : 1))
    .map((route) => ({
      route,
      segments: parseTemplate(templateOf(prefix, route)),
      methods: new Set(route.methods?.map((method) => method.toUpperCase())),
    }));
  return (method, path) => {
    const upper = method.toUpperCase();
    const texts = path.slice(1).split('/');
    if (texts.at(-1) === '') texts.pop();
    for (const { route, segments, methods } of table) {
      if (methods.size > 0 && !methods.has(upper)) continue;
      const params = matchPath(segments, texts, path);
      if (params !== undefined) return { route, params };
    }
    return undefined;
  };
}

function matchPath(segments: readonly Segment[], texts: readonly string[], path: string): Params | undefined {
  const params: Params = {};
  let offset = 1;
  let at = 0;
  for (const text of texts) {
    const segment = segments[at];
    const part = segment?.[0];
    if (segment === undefined || part === undefined || text === '') return undefined;
    if (part.kind === 'parameter' && part.isCatchAll) {
      params[part.name] = path.slice(offset);
      break;
    }
    if (segment.length > 1) {
      if (!matchMixed(segment, text, params)) return undefined;
    } else if (part.kind === 'parameter') params[part.name] = text;
    else if (part.text !== text && part.text.toUpperCase() !== text.toUpperCase()) return undefined;
    offset += text.length + 1;
    at++;
  }
  return segments.slice(at).every(isDispensable) && isAllowed(segments, params) ? params : undefined;
}

function isDispensable([part, ...more]: Segment): boolean {
  if (part?.kind !== 'parameter' || more.length > 0) return false;
  return part.isCatchAll || part.isOptional || part.defaultValue !== undefined;
}

/** Fills in defaults and asks the constraints. */
function isAllowed(segments: readonly Segment[], params: Params): boolean {
  for (const segment of segments) {
    for (const part of segment) {
      if (part.kind === 'literal') continue;
      const value = params[part.name] ?? part.defaultValue;
      if (value !== undefined) params[part.name] = value;
      else if (part.isOptional) continue;
      if (!part.constraints.every((holds) => holds(value))) return false;
    }
  }
  return true;
}

/**
 * Matches a mixed segment from the right, so that `{name}.{ext}` cuts at the last dot; without its optional end if need
 * be.
 */
function matchMixed(segment: Segment, text: string, params: Params): boolean {
  if (matchFromRight(segment.toReversed(), text, params)) return true;
  const last = segment.at(-1);
  if (last?.kind !== 'parameter' || !last.isOptional || text.endsWith('.')) return false;
  return matchFromRight(segment.slice(0, -2).toReversed(), text, params);
}

function matchFromRight([part, next, ...more]: readonly Part[], text: string, params: Params): boolean {
  if (part === undefined) return text === '';
  if (part.kind === 'literal') {
    const start = text.length - part.text.length;
    if (text.slice(Math.max(0, start)).toUpperCase() !== part.text.toUpperCase()) return false;
    return matchFromRight(next === undefined ? [] : [next, ...more], text.slice(0, start), params);
  }
  // What a parameter takes has one character at least, and begins after the last of its literal.
  const literal = next?.kind === 'literal' ? next.text : '';
  const start = text.slice(0, -1).toUpperCase().lastIndexOf(literal.toUpperCase());
  const end = next === undefined ? 0 : start + literal.length;
  if (start < 0 || end >= text.length) return false;
  if (!matchFromRight(next === undefined ? [] : [next, ...more], text.slice(0, end), params)) return false;
  params[part.name] = text.slice(end);
  return true;
}
