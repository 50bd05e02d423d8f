/**
 * Which function answers a request: routes in alphabetical order of function name, the first match wins, nothing is
 * ranked.
 */
import { parseTemplate, type Literal, type Parameter, type Part, type Segment } from './route-template.ts';

export type HttpRoute = {
  readonly name: string;
  /** Empty or null = the function's name. */
  readonly route: string | null | undefined;
  /** Empty or null = every method. */
  readonly methods: readonly string[] | null | undefined;
};
export type RouteMatch = { readonly name: string; readonly params: Readonly<Record<string, string>> };
export type RouteTable = (method: string, path: string) => RouteMatch | undefined;

/** The path template that a function gets. */
export function templateOf(prefix: string, route: HttpRoute): string {
  const own =
    route.route === null || route.route === undefined || route.route === '' ? route.name : route.route;
  return prefix === '' ? own : `${prefix}/${own}`;
}

/** @param prefix `routePrefix` of host.json
 * @returns what answers a method and a decoded path (see request-target.ts)
 * @throws HostRefusal when the real router refuses the table */
export function makeRouteTable(prefix: string, routes: readonly HttpRoute[]): RouteTable {
  const order = (route: HttpRoute): string => route.name.toUpperCase();
  const table = [...routes]
    .sort((a, b) => (order(a) < order(b) ? -1 : 1))
    .map((route) => ({
      name: route.name,
      segments: parseTemplate(templateOf(prefix, route)),
      methods: new Set(route.methods?.map((method) => method.toUpperCase())),
    }));
  return (method, path) => {
    const upper = method.toUpperCase();
    const request = path.slice(1).split('/');
    if (request.at(-1) === '') request.pop();
    for (const { name, segments, methods } of table) {
      if (methods.size > 0 && !methods.has(upper)) continue;
      const params = matchPath(segments, request, path);
      if (params !== undefined) return { name, params };
    }
    return undefined;
  };
}

const single = (segment: Segment): Part | undefined => (segment.length === 1 ? segment[0] : undefined);

function matchPath(
  segments: readonly Segment[],
  request: readonly string[],
  path: string,
): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  let offset = 1;
  let at = 0;
  for (const text of request) {
    const segment = segments[at];
    if (segment === undefined || text === '') return undefined;
    const part = single(segment);
    if (part?.kind === 'parameter' && part.isCatchAll) {
      params[part.name] = path.slice(offset);
      break;
    }
    if (part === undefined) {
      if (!matchMixed(segment, text, params)) return undefined;
    } else if (part.kind === 'parameter') params[part.name] = text;
    else if (part.text !== text && part.text.toUpperCase() !== text.toUpperCase()) return undefined;
    offset += text.length + 1;
    at++;
  }
  for (const segment of segments.slice(at)) {
    const part = single(segment);
    if (part === undefined || part.kind === 'literal') return undefined;
    if (!part.isCatchAll && !part.isOptional && part.defaultValue === undefined) return undefined;
  }
  return isAllowed(segments, params) ? params : undefined;
}

/** Fills in defaults and asks the constraints. */
function isAllowed(segments: readonly Segment[], params: Record<string, string>): boolean {
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
function matchMixed(segment: Segment, text: string, params: Record<string, string>): boolean {
  if (matchFromRight(segment, text, params)) return true;
  const last = segment.at(-1);
  if (last?.kind !== 'parameter' || !last.isOptional || text.endsWith('.')) return false;
  return matchFromRight(segment.slice(0, -2), text, params);
}

function matchFromRight(segment: Segment, text: string, params: Record<string, string>): boolean {
  const found: [string, string][] = [];
  const take = (parameter: Parameter | undefined, value: string): boolean => {
    if (parameter !== undefined) found.push([parameter.name, value]);
    return parameter === undefined || value !== '';
  };
  let end = text.length;
  let waiting: Parameter | undefined;
  for (const [index, part] of [...segment.entries()].toReversed()) {
    if (part.kind === 'parameter') {
      waiting = part;
      continue;
    }
    const start = lastIndexOf(part, text.slice(0, waiting === undefined ? end : Math.max(0, end - 1)));
    if (start < 0 || (index === segment.length - 1 && start + part.text.length !== text.length)) return false;
    if (!take(waiting, text.slice(start + part.text.length, end))) return false;
    waiting = undefined;
    end = start;
  }
  if (!take(waiting, text.slice(0, end)) || (waiting === undefined && end !== 0)) return false;
  Object.assign(params, Object.fromEntries(found));
  return true;
}

function lastIndexOf(literal: Literal, text: string): number {
  return text.toUpperCase().lastIndexOf(literal.text.toUpperCase());
}
