/** Judges the bodies of requests by the OpenAPI document that callers are given. */
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { pathParams } from '../../shared/http/path-params.ts';
import type { Wish } from './calls.ts';
import type { Schema, Schemas } from './schema-values.ts';

type Operation = {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
};
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Schemas };
};

export type BodyJudge = {
  readonly schemas: Schemas;
  schemaOf(method: string, path: string): Schema | undefined;
  /** Undefined where the document says nothing of it. */
  takes(wish: Wish): boolean | undefined;
};

export function makeBodyJudge(given: object): BodyJudge {
  const document = given as Document;
  const ajv = new Ajv({ strict: false, validateSchema: false });
  formats.default(ajv);
  // Nulls are taken out before a body is judged.
  const plain = JSON.stringify(document, (name, value: unknown) => (name === 'nullable' ? undefined : value));
  ajv.addSchema(JSON.parse(plain) as object, 'openapi');
  const schemaOf: BodyJudge['schemaOf'] = (method, path) => {
    const { pathname } = new URL(path, 'http://x');
    const template = Object.keys(document.paths).find(
      (one) => pathParams(one.slice(1), pathname) !== undefined,
    );
    const operation = document.paths[template ?? '']?.[method.toLowerCase()];
    return operation?.requestBody?.content['application/json']?.schema;
  };
  return {
    schemas: document.components.schemas,
    schemaOf,
    takes({ method = 'GET', path = '/', body }) {
      const schema = schemaOf(method, path);
      if (schema === undefined || typeof body !== 'object') return undefined;
      // Never taken, wherever it stands; no document can say that.
      if (JSON.stringify(body).includes('"__proto__"')) return undefined;
      const name = schema.$ref?.split('/').at(-1) ?? '';
      return ajv.validate({ $ref: `openapi#/components/schemas/${name}` }, withoutNulls(body));
    },
  };
}

/** A member that is null is an absent one; a reference's FullURL is ignored (bes-contract.md, sections 1 and 2). */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, one]) => one !== null && name !== 'FullURL')
      .map(([name, one]) => [name, withoutNulls(one)]),
  );
}
