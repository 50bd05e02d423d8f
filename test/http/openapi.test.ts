/** `GET /openapi.json`: a valid OpenAPI document that lists every public route, made of what validates. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, expect, test } from 'vitest';
import { makeApi, read, type Api } from './api.ts';
import { codesInCode } from './codes-in-code.ts';
import { registeredFunctions } from './registered.ts';

type Operation = {
  operationId: string;
  summary: string;
  parameters: { name?: string; $ref?: string; required?: boolean }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { 'x-detail-codes'?: string[]; content?: object; $ref?: string }>;
};
type Schema = {
  properties: Record<string, Schema & { nullable?: boolean }>;
  required?: string[];
  enum?: string[];
  items: Schema;
};
type Document = {
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

let api: Api;
let document: Document;
beforeAll(async () => {
  api = await makeApi();
  document = read(await api.call({ path: '/openapi.json' })) as unknown as Document;
});

const operations = () => Object.values(document.paths).flatMap((path) => Object.values(path));

test('the document is valid OpenAPI 3.0', async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  expect(result.valid ? [] : result.errors).toEqual([]);
  expect(validator.version).toBe('3.0');
});

test('every public route and method is in it, and nothing else', async () => {
  const { routes } = await registeredFunctions();
  const isPublic = (route: string) => !/^vm\/|^\{\*/.test(route);
  const registered = routes
    .filter(({ route }) => isPublic(route))
    .flatMap(({ route, methods }) => methods.map((method) => `${method} /${route}`));
  const listed = Object.entries(document.paths).flatMap(([path, on]) =>
    Object.keys(on).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(listed.toSorted()).toEqual(registered.toSorted());
  expect(listed.length).toBeGreaterThan(40);
});

test('every operation says what it does in one sentence, under an id of its own', () => {
  for (const { summary } of operations()) expect(summary).toMatch(/^[A-Z](?:[^.]|\.(?=\w))*\.$/);
  const ids = operations().map((one) => one.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('what a request must and may have is what the schemas take', () => {
  const { schemas } = document.components;
  expect(schemas['PoolWish']).toMatchObject({
    required: ['vmCount', 'swaggerUrl'],
    additionalProperties: false,
    properties: { name: { nullable: true }, vmCount: { type: 'integer', minimum: 0 } },
  });
  expect(schemas['PoolWish']?.properties['vmCount']?.nullable).toBeUndefined();
  // Preprocessed objects are required too.
  expect(schemas['WebServiceWish']?.required).toEqual(['properties']);
  expect(schemas['Job']?.properties['Input']).toEqual({
    allOf: [{ $ref: '#/components/schemas/BlobRef' }],
    nullable: true,
  });
});

test('parameters: of the path, the query and the headers', () => {
  const register = document.paths['/subscriptions/{subscriptionId}/services/{serviceId}/jobs']?.['post'];
  expect(register?.parameters).toMatchObject([
    { $ref: '#/components/parameters/subscriptionId' },
    { $ref: '#/components/parameters/serviceId' },
    { name: 'api-version', in: 'query', required: true, schema: { enum: ['2.0'] } },
    { name: 'Idempotency-Key', in: 'header', required: false },
  ]);
  const jobs = document.paths['/poolservice/{subscriptionId}/pools/{poolId}/jobs']?.['get'];
  expect(jobs?.parameters.slice(2).map((one) => one.name)).toEqual(['status', '$top', '$skiptoken']);
});

test('every detail code that the code answers is listed', () => {
  const listed = new Set(
    document.components.schemas['Error']?.properties['error']?.properties['details']?.items.properties['code']
      ?.enum,
  );
  const answered = codesInCode();
  expect(answered.size).toBeGreaterThan(60);
  expect([...answered].filter((code) => !listed.has(code))).toEqual([]);
});

test('the server is the one that the caller used, and the key is not asked for', async () => {
  expect(document.servers).toEqual([{ url: 'http://127.0.0.1:7071' }]);
  const got = await api.call({ path: '/openapi.json' });
  expect(got.headers.get('content-type')).toBe('application/json; charset=utf-8');
});

test('what no route takes says where the routes are listed', async () => {
  expect((await api.call({ path: '/nothing' })).text).toContain('GET /openapi.json lists the routes.');
});
