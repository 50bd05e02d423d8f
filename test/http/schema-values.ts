/** Values made from a schema of the OpenAPI document: ones that it takes, at its bounds too, and ones just beyond them. */
import fc from 'fast-check';

/** What the document uses of JSON Schema. */
export type Schema = {
  readonly $ref?: string;
  readonly type?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
};
export type Schemas = Readonly<Record<string, Schema>>;

/** One that is as large as a property of a row may never be, though its request may. */
const vastChars = 70_000;
const depthMax = 6;

export function resolved(schema: Schema, schemas: Schemas): Schema {
  if (schema.$ref !== undefined) return resolved(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, schemas);
  const [only] = schema.allOf ?? [];
  return only === undefined ? schema : resolved(only, schemas);
}

/** What the schema takes. */
export function within(given: Schema, schemas: Schemas, depth = 0): fc.Arbitrary<unknown> {
  const schema = resolved(given, schemas);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined)
    return fc.oneof(...schema.anyOf.map((one) => within(one, schemas, depth + 1)));
  switch (schema.type) {
    case 'string':
      return lengths(schema);
    case 'integer':
    case 'number':
      return numbers(schema);
    case 'boolean':
      return fc.boolean();
    case 'array': {
      const { items = {}, minItems = 0, maxItems = 3 } = schema;
      const maxLength = depth > depthMax ? minItems : Math.max(minItems, Math.min(maxItems, 3));
      return fc.array(within(items, schemas, depth + 1), { minLength: minItems, maxLength });
    }
    case 'object':
      return objects(schema, schemas, depth);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objects(schema: Schema, schemas: Schemas, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties: more } = schema;
  const names = Object.keys(properties).filter((name) => depth <= depthMax || required.includes(name));
  const members = Object.fromEntries(
    names.map((name) => [name, within(properties[name] ?? {}, schemas, depth + 1)]),
  );
  const fixed = fc.record(members, { requiredKeys: names.filter((name) => required.includes(name)) });
  if (typeof more !== 'object' || depth > depthMax) return fixed;
  const name = fc.oneof(
    fc.constantFrom('input1', 'output1', 'model', 'x'),
    fc.string({ minLength: 1, maxLength: 128 }),
  );
  return fc.dictionary(name, within(more, schemas, depth + 1), { maxKeys: 3 });
}

function lengths({ minLength = 0, maxLength = vastChars }: Schema): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 40) }),
    fc.constantFrom(minLength, Math.min(maxLength, 1_000), maxLength).map((length) => 'x'.repeat(length)),
  );
}

function numbers({ type, minimum = -1e9, maximum = 1e9 }: Schema): fc.Arbitrary<number> {
  const edges = fc.constantFrom(minimum, maximum);
  return type === 'integer'
    ? fc.oneof(edges, fc.integer({ min: Math.max(minimum, -(2 ** 31)), max: Math.min(maximum, 2 ** 31 - 1) }))
    : fc.oneof(edges, fc.double({ min: minimum, max: maximum, noNaN: true }));
}

/** What it does not take, for one reason; undefined when it takes everything. */
export function beyond(given: Schema, schemas: Schemas): fc.Arbitrary<unknown> | undefined {
  const schema = resolved(given, schemas);
  const wrong: fc.Arbitrary<unknown>[] = [];
  const { minLength = 0, maxLength, minimum, maximum, minItems = 0, maxItems, required = [] } = schema;
  if (maxLength !== undefined) wrong.push(fc.constantFrom('x'.repeat(maxLength + 1), 'x'.repeat(vastChars)));
  if (minLength > 0) wrong.push(fc.constant('x'.repeat(minLength - 1)));
  if (minimum !== undefined) wrong.push(fc.constantFrom(minimum - 1, -(2 ** 53)));
  if (maximum !== undefined) wrong.push(fc.constantFrom(maximum + 1, 1e300));
  if (schema.type === 'integer') wrong.push(fc.constantFrom(0.5, '1', true));
  if (schema.enum !== undefined) wrong.push(fc.constant('none of them'));
  if (minItems > 0) wrong.push(fc.constant([]));
  if (maxItems !== undefined) {
    const { items = {} } = schema;
    const minLength = maxItems + 1;
    wrong.push(fc.array(within(items, schemas), { minLength, maxLength: minLength }));
  }
  if (required.length > 0) wrong.push(fc.constant({}));
  if (schema.additionalProperties === false)
    wrong.push(within(schema, schemas).map((value) => ({ ...(value as object), banana: 1 })));
  if (schema.type !== undefined) wrong.push(fc.constantFrom(...othersThan(schema.type)));
  return wrong.length === 0 ? undefined : fc.oneof(...wrong);
}

function othersThan(type: string): readonly unknown[] {
  const each = { string: 'x', number: 1, integer: 1, boolean: true, array: [1], object: { x: 1 } };
  return Object.entries(each)
    .filter(
      ([name]) =>
        name !== type &&
        !(name === 'integer' && type === 'number') &&
        !(name === 'number' && type === 'integer'),
    )
    .map(([, value]) => value);
}

/** A place in a schema that a body may have, as a path of members; `x` stands for a free name. */
export function placesOf(
  given: Schema,
  schemas: Schemas,
  at: readonly string[] = [],
): (readonly [readonly string[], Schema])[] {
  const schema = resolved(given, schemas);
  const here = [[at, schema] as const];
  if (schema.type !== 'object' || at.length > depthMax) return here;
  const { properties = {}, additionalProperties: more } = schema;
  const named = Object.entries(properties).flatMap(([name, one]) => placesOf(one, schemas, [...at, name]));
  return [...here, ...named, ...(typeof more === 'object' ? placesOf(more, schemas, [...at, 'x']) : [])];
}
