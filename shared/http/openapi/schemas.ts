/** The schemas that validate, as components of an OpenAPI 3.0 document. */
import { z } from 'zod';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

const root = '#/components/schemas/';

/** All that have an `id`. */
export function componentSchemas(): Record<string, JsonSchema> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    target: 'openapi-3.0',
    io: 'input',
    uri: (id) => root + id,
    override: ({ zodSchema, jsonSchema }) => adjust(zodSchema, jsonSchema),
  });
  markNulls(schemas);
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $id: _, ...schema }]) => [name, schema as JsonSchema]),
  );
}

/** One that may refer to components. */
export function inlineSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => adjust(zodSchema, jsonSchema),
  });
}

export function refTo(schema: z.ZodType): object {
  const id = schema.meta()?.id;
  if (id === undefined) throw new Error('a body has no id in the OpenAPI document');
  return { $ref: root + id };
}

function adjust(zodSchema: z.core.$ZodTypes, json: JsonSchema): void {
  // The format says it, and the expression is long.
  if (json.format === 'date-time') delete json.pattern;
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
  if (zodSchema._zod.def.type !== 'object') return;
  // What is preprocessed takes any input, which is not to say that it may be left out.
  const required = Object.entries(zodSchema._zod.def.shape)
    .filter(([, member]) => member._zod.def.type !== 'optional')
    .map(([name]) => name);
  if (required.length > 0) json.required = required;
  else delete json.required;
}

/** Request bodies (members.ts): an optional member may be null, which counts as absent. */
function markNulls(json: unknown): void {
  if (typeof json !== 'object' || json === null) return;
  for (const one of Object.values(json)) markNulls(one);
  const schema = json as JsonSchema;
  if (schema['nulls'] !== 'absent') return;
  delete schema['nulls'];
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const isTyped = typeof member === 'object' && (member.type !== undefined || member.allOf !== undefined);
    if (isTyped && schema.required?.includes(name) !== true) Object.assign(member, { nullable: true });
  }
}
