/**
 * Route parameters, read from the path itself: with streaming on, `request.params` also holds whatever the query and
 * the body name alike (functions-host.md, section 2).
 */

/** Undefined when the path is not one of the template. `{*rest}` takes what is left, slashes included. */
export function pathParams(template: string, pathname: string): Readonly<Record<string, string>> | undefined {
  const wanted = template.split('/');
  const found = pathname.replace(/^\//, '').replace(/\/$/, '').split('/');
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const name = /^\{(\*?)(\w+)\}$/.exec(part);
    if (name?.[1] === '*') {
      params[name[2] ?? ''] = found.slice(index).join('/');
      return params;
    }
    const segment = decode(found[index] ?? '');
    if (name === null ? segment.toLowerCase() !== part.toLowerCase() : segment === '') return undefined;
    if (name !== null) params[name[2] ?? ''] = segment;
  }
  return found.length === wanted.length ? params : undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
