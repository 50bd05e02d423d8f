/** Requests around a good one: nearly good ones, with one thing bent, and ones that mean harm. */
import fc from 'fast-check';
import type { Wish } from './calls.ts';
import { beyond, placesOf, within, type Schema, type Schemas } from './schema-values.ts';

/** A request that is good as it is. */
export type Aim = {
  readonly method: string;
  readonly path: string;
  readonly key: string;
  readonly body: unknown;
  /** What the OpenAPI document says of its body, where it has one. */
  readonly schema?: Schema;
};

const hostileTexts = [
  '',
  ' ',
  '\u0000',
  '../../etc/passwd',
  '..%2f..%2f',
  "' or 1 eq 1 or '",
  "x' or PartitionKey ne '",
  '__proto__',
  'constructor',
  '{"polluted":true}',
  '\u202e\ud83d\ude00',
  '\ud800',
  'x'.repeat(2_000),
  'x'.repeat(40_000),
  '%',
  '%ff',
  '%00',
  '\r\nSet-Cookie: a=b',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '00000000000000000000000000000000',
  'ffffffffffffffffffffffffffffffff',
  'm',
  'pool|x',
  '-1',
  '1e308',
  'NaN',
  '9007199254740993',
  'http://169.254.169.254/',
  'DefaultEndpointsProtocol=https;AccountName=x@evil.example/;AccountKey=eA==',
  'UseDevelopmentStorage=true',
] as const;

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...hostileTexts) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 80 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 80 }) },
);

const scalar = fc.oneof(
  text,
  fc.constantFrom(null, true, false, 0, -0, -1, 1.5, 1e21, 2 ** 53, -(2 ** 31)),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Any JSON, also with the names that matter. */
const junk = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(
        fc.constantFrom(
          'Input',
          'Inputs',
          'Outputs',
          'properties',
          'kind',
          'name',
          'value',
          'assets',
          '__proto__',
          'constructor',
          'toString',
        ),
        text,
      ),
      tie('any'),
      { maxKeys: 4 },
    ),
  ),
})).any;

type Bend = (aim: Aim) => fc.Arbitrary<Wish>;

const asWish = ({ method, path, key, body }: Aim): Wish =>
  body === undefined ? { method, path, key } : { method, path, key, body };

/** A body of the schema's own making, or the good one with one place in it as the schema takes it, or just beyond that. */
function bodyOfSchema(aim: Aim, schema: Schema, schemas: Schemas): fc.Arbitrary<Wish> {
  const bent = placesOf(schema, schemas).map(([place, one]) => {
    const values = [within(one, schemas), beyond(one, schemas) ?? []].flat();
    return fc.oneof(...values).map((value) => put(aim.body, place, value));
  });
  return fc
    .oneof({ weight: 1, arbitrary: within(schema, schemas) }, { weight: 4, arbitrary: fc.oneof(...bent) })
    .map((body) => ({ ...asWish(aim), body }));
}

/** The body with the value at the place; what lacks on the way there is made. */
function put(body: unknown, [first, ...rest]: readonly string[], value: unknown): unknown {
  if (first === undefined) return value;
  const members = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  return { ...members, [first]: put(members[first], rest, value) };
}

const bends: readonly { readonly weight: number; readonly bend: Bend }[] = [
  { weight: 2, bend: (aim) => fc.constant(asWish(aim)) },
  // One value in the body, at any depth.
  { weight: 8, bend: (aim) => bentBody(aim.body).map((body) => ({ ...asWish(aim), body })) },
  { weight: 3, bend: (aim) => junk.map((body) => ({ ...asWish(aim), body })) },
  // A text that is nearly JSON.
  {
    weight: 3,
    bend: (aim) => bentText(JSON.stringify(aim.body ?? {})).map((body) => ({ ...asWish(aim), body })),
  },
  { weight: 4, bend: (aim) => bentPath(aim.path).map((path) => ({ ...asWish(aim), path })) },
  { weight: 4, bend: (aim) => bentQuery(aim.path).map((path) => ({ ...asWish(aim), path })) },
  { weight: 2, bend: (aim) => bentHeaders.map((headers) => ({ ...asWish(aim), headers })) },
  {
    weight: 1,
    bend: (aim) =>
      fc
        .constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS')
        .map((method) => ({ ...asWish(aim), method })),
  },
  {
    weight: 1,
    bend: (aim) => text.filter((key) => /^[\x21-\x7e]*$/.test(key)).map((key) => ({ ...asWish(aim), key })),
  },
];

/** @param schemas those that the schemas of the aims refer to */
export function makeRequests(aims: readonly Aim[], schemas: Schemas = {}): fc.Arbitrary<Wish> {
  const bend = fc.oneof(...bends.map((one) => ({ weight: one.weight, arbitrary: fc.constant(one.bend) })));
  const bent = fc.tuple(fc.constantFrom(...aims), bend).chain(([aim, how]) => how(aim));
  const ofSchemas = aims.flatMap((aim) =>
    aim.schema === undefined ? [] : [bodyOfSchema(aim, aim.schema, schemas)],
  );
  const all =
    ofSchemas.length === 0 ? bent : fc.oneof({ weight: 2, arbitrary: bent }, fc.oneof(...ofSchemas));
  return all.map(withoutBodyWhereNoneCanBe);
}

/** The library refuses to make such requests. */
function withoutBodyWhereNoneCanBe(wish: Wish): Wish {
  if (wish.method !== 'GET' && wish.method !== 'HEAD') return wish;
  const { body: _, ...rest } = wish;
  return rest;
}

/** Places in a value, as paths of member names. */
function placesIn(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, one]) => placesIn(one, [...at, name]))];
}

function bentBody(body: unknown): fc.Arbitrary<unknown> {
  const places = placesIn(body ?? {});
  return fc
    .tuple(fc.constantFrom(...places), fc.constantFrom('replace', 'remove', 'add', 'rename'), junk, text)
    .map(([place, how, value, name]) => changed(body ?? {}, place, how, value, name));
}

function changed(
  value: unknown,
  [first, ...rest]: readonly string[],
  how: string,
  by: unknown,
  name: string,
): unknown {
  if (first === undefined) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return how === 'add' && isObject ? { ...value, [name]: by } : by;
  }
  const members = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(
    members.flatMap(([key, one]) => {
      if (key !== first) return [[key, one]];
      if (rest.length > 0) return [[key, changed(one, rest, how, by, name)]];
      if (how === 'remove') return [];
      return how === 'rename' ? [[name, one]] : [[key, changed(one, [], how, by, name)]];
    }),
  );
}

function bentText(json: string): fc.Arbitrary<string> {
  const at = fc.nat(json.length);
  return fc.oneof(
    fc.tuple(at, text).map(([where, some]) => json.slice(0, where) + some + json.slice(where)),
    at.map((where) => json.slice(0, where)),
    fc.tuple(at, fc.nat(9)).map(([where, count]) => json.slice(0, where) + json.slice(where + count)),
    fc.constantFrom('[', '{"a":', '"', '/*').map((opening) => opening.repeat(3_000)),
    text,
  );
}

function bentPath(path: string): fc.Arbitrary<string> {
  const [before = '', query] = path.split('?');
  const segments = before.slice(1).split('/');
  return (
    fc
      .tuple(fc.nat(segments.length - 1), text, fc.boolean())
      .map(([at, some, encoded]) => {
        const safe = encoded
          ? encodeURIComponent(some.toWellFormed())
          : some.replaceAll(/[^\x21-\x22\x24-\x3e\x40-\x7e]/g, '_');
        const bent = segments.map((segment, index) => (index === at ? safe : segment)).join('/');
        return `/${bent}${query === undefined ? '' : `?${query}`}`;
      })
      // What the host answers itself, or has another path for.
      .filter((bent) => isAnAddress(bent))
  );
}

function isAnAddress(path: string): boolean {
  return !path.startsWith('//') && !/[^\x21-\x7e]/.test(path) && URL.canParse(`http://x${path}`);
}

const queryNames = [
  'api-version',
  '$top',
  '$skiptoken',
  '$skipToken',
  'from',
  'to',
  'status',
  'jobs',
  'region',
  'serviceId',
  '__proto__',
  'constructor',
];

function bentQuery(path: string): fc.Arbitrary<string> {
  const [before = ''] = path.split('?');
  return fc
    .array(
      fc.tuple(
        fc.oneof(fc.constantFrom(...queryNames), text),
        fc.oneof(text, fc.constantFrom('2.0', '1000', '0', '2026-01-01', '2026-13-45', 'cancel', 'queued')),
      ),
      { maxLength: 4 },
    )
    .map(
      (pairs) =>
        `${before}?${pairs.map(([name, value]) => `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`).join('&')}`,
    );
}

const headerText = text.map((some) => some.replaceAll(/[^\x20-\x7e]/g, '_').trim());

const bentHeaders: fc.Arbitrary<Record<string, string>> = fc.dictionary(
  fc.constantFrom(
    'authorization',
    'content-type',
    'content-encoding',
    'content-length',
    'idempotency-key',
    'x-ms-client-request-id',
    'if-match',
    'accept',
    'x-ms-metaanalytics-authorizationtoken',
    'x-forwarded-host',
    'transfer-encoding',
    'range',
    'cookie',
  ),
  fc.oneof(
    headerText,
    fc.constantFrom(
      'text/json',
      'application/json; charset=utf-16',
      'charset=x-unknown',
      'gzip',
      'UTF-8',
      '-1',
      '99999999999',
      'Bearer ',
      'Basic eDp5',
      'Bearer a b',
    ),
  ),
  { maxKeys: 4 },
);
