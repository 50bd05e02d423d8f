/** The OpenAPI 3.0 document of the whole public API, made of the routes as they were registered and their schemas. */
import type { Declared } from '../operation.ts';
import { version } from '../version.ts';
import { parametersOf, pathParameters } from './parameters.ts';
import { errorSchema, refusalsOf, responsesOf, sharedResponses } from './responses.ts';
import { componentSchemas, refTo } from './schemas.ts';
import { schemeOf, securitySchemes, tags } from './security.ts';

const description = [
  'A self-hosted Batch Execution Service with batch pools.',
  'Times are UTC in ISO 8601; money is integer millionths of a US dollar, time on a VM integer milliseconds.',
  'A member of a request body that is null counts as absent; unknown members are refused.',
  'Bodies are read as JSON whatever their content type. Later versions may add members to replies.',
  'Every reply carries x-ms-request-id, and echoes x-ms-client-request-id.',
].join(' ');

/** Without `servers`: the same for every caller. */
export function openApiDocument(declared: readonly Declared[]): Readonly<Record<string, unknown>> {
  const codes = new Set(declared.flatMap((one) => [...refusalsOf(one).values()].flat()));
  return {
    openapi: '3.0.3',
    info: { title: 'Millpond', version, description, license: { name: 'MIT' } },
    tags,
    paths: pathsOf(declared),
    components: {
      schemas: { Error: errorSchema([...codes].toSorted()), ...componentSchemas() },
      parameters: pathParameters(declared),
      responses: sharedResponses(),
      securitySchemes,
    },
  };
}

function pathsOf(declared: readonly Declared[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const one of declared.toSorted((a, b) => (a.route < b.route ? -1 : 1))) {
    (paths[`/${one.route}`] ??= {})[one.method.toLowerCase()] = operationOf(one);
  }
  return paths;
}

function operationOf(one: Declared): object {
  const scheme = schemeOf(one.authorize);
  const { endpoint, method, operation, body } = one;
  return {
    operationId: method.toLowerCase() + endpoint.slice(0, 1).toUpperCase() + endpoint.slice(1),
    summary: operation.summary,
    tags: [scheme],
    security: scheme === 'open' ? [] : [{ [scheme]: [] }],
    parameters: parametersOf(one),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: refTo(body) } } } }),
    responses: responsesOf(one),
  };
}
