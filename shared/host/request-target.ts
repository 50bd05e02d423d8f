/**
 * The path of a request as Kestrel hands it to routing: decoded once except %2F, without dot segments; and back again
 * for `req.url`.
 */

/** `path` starts with a slash; `query` is empty or starts with `?`. */
export type RequestTarget = { readonly path: string; readonly query: string };

const plain = /^[\w\-.~!$&'()*+,;=:@/]*$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param raw the request target byte for byte as sent
 * @returns undefined for one that Kestrel refuses with 400 */
export function parseTarget(raw: string): RequestTarget | undefined {
  const target = raw.startsWith('/') ? raw : raw.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = target.indexOf('?');
  const encoded = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark);
  if (plain.test(encoded) && !encoded.includes('/.')) return { path: encoded || '/', query };
  if (/%00/.test(encoded) || /[^\x21-\x7e]/.test(encoded)) return undefined;
  return { path: withoutDotSegments(encoded.replace(/(?:%[0-9a-f]{2})+/gi, decodeRun)), query };
}

/** The path that the worker sees: what routing decoded is encoded again, so that a `%2F` becomes `%252F`. */
export function encodePath(path: string): string {
  if (plain.test(path)) return path;
  return path.replace(/[^\w\-.~!$&'()*+,;=:@/]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}

function decodeRun(run: string): string {
  const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] ?? 0;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const char = decodeChar(bytes.subarray(at, at + length));
    const used = char === undefined ? 1 : length;
    text += char === undefined || char === '/' ? run.slice(at * 3, (at + used) * 3) : char;
    at += used;
  }
  return text;
}

function decodeChar(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
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
