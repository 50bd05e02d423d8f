/**
 * The path of a request as Kestrel hands it to routing: decoded once except %2F, without dot segments; and back again
 * for `req.url`.
 */

/** `path` starts with a slash; `query` is empty or starts with `?`. */
export type RequestTarget = { readonly path: string; readonly query: string };

const plain = /^[\w\-.~!$&'()*+,;=:@/]*$/;
/** By its first byte, as long as UTF-8 has it. */
const escapedChar =
  /%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}|%f[0-7](?:%[89ab][0-9a-f]){3}/gi;

/** @param raw the request target byte for byte as sent
 * @returns undefined for one that Kestrel refuses with 400 */
export function parseTarget(raw: string): RequestTarget | undefined {
  const target = raw.startsWith('/') ? raw : raw.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = target.indexOf('?');
  const encoded = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark);
  if (plain.test(encoded) && !encoded.includes('/.')) return { path: encoded || '/', query };
  if (/%00/.test(encoded) || /[^\x21-\x7e]/.test(encoded)) return undefined;
  return { path: withoutDotSegments(encoded.replace(escapedChar, decodeChar)), query };
}

/** The path that the worker sees: what routing decoded is encoded again, so that a `%2F` becomes `%252F`. */
export function encodePath(path: string): string {
  if (plain.test(path)) return path;
  return path.replace(/[^\w\-.~!$&'()*+,;=:@/]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}

/** One character; an escaped slash stays, and so does what is no UTF-8. */
function decodeChar(escaped: string): string {
  try {
    const char = decodeURIComponent(escaped);
    return char === '/' ? escaped : char;
  } catch {
    return escaped;
  }
}

function withoutDotSegments(path: string): string {
  const segments = path.split('/').slice(1);
  const kept: string[] = [];
  segments.forEach((segment, index) => {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
    if ((segment === '.' || segment === '..') && index === segments.length - 1) kept.push('');
  });
  return `/${kept.join('/')}`;
}
