/** swagger.json: valid, in Studio's shape, and true of the model, for services of both kinds. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeEach, expect, test } from 'vitest';
import { arm, serviceBody } from './bes-errors.ts';
import { makeApi, read, type Api } from './api.ts';
import { makeWorkspace, workspaceId } from '../app/classic-world.ts';

let api: Api;
beforeEach(async () => {
  api = await makeApi();
  const columns = [
    { name: 'age', type: 'float32' },
    { name: 'hours per week', type: 'int64' },
    { name: 'is "new"', type: 'bool' },
    { name: 'work/class é', type: 'string' },
    { name: 'capital', type: 'float64' },
  ];
  const scored = [{ name: 'Scored Labels', type: 'string' }];
  Object.assign(api.world.app, { checkModel: async () => ({ kind: 'ok', columns, scored }) });
});

type Item = { properties: Record<string, { type: string; format?: string }> };
type Swagger = {
  host: string;
  basePath: string;
  info: Record<string, string>;
  paths: Record<string, Record<string, { operationId: string }>>;
  definitions: Record<string, Item> & {
    ExecutionRequest: { example: { Inputs: Record<string, object[]>; GlobalParameters: object } };
    GlobalParameters: { properties: object; required?: string[] };
    BatchRequest: { properties: Record<string, object> };
  };
};

const odd = {
  title: 'Adult income',
  parameters: { Threshold: { value: 0.5 }, Mode: { value: 'x' }, Needed: {} },
  package: {
    nodes: {
      a: { inputId: 'the data' },
      score: { assetId: 'model' },
      b: { outputId: 'the data' },
    },
  },
};

async function swaggerOf(path: string, more: object): Promise<Swagger> {
  const made = await api.asAccount({ method: 'PUT', path, body: serviceBody(api, more) });
  const { swaggerLocation } = read(made)['properties'] as { swaggerLocation: string };
  return read(await api.call({ path: new URL(swaggerLocation).pathname })) as unknown as Swagger;
}

const classic = async (more: object) => {
  await makeWorkspace(api.world, 's1');
  return swaggerOf(`/workspaces/${workspaceId}/webservices/adult`, { ...more, commitmentPlan: null });
};
const modern = (more: object) => swaggerOf(`${arm}/webServices/second`, more);

test.each([
  ['a new service', modern],
  ['a classic service', classic],
])('%s has a document that is valid Swagger 2.0', async (_, make) => {
  for (const more of [{}, odd]) {
    const swagger = await make(more);
    const validator = new Validator();
    const result = await validator.validate(structuredClone(swagger));
    expect(result.valid ? [] : result.errors).toEqual([]);
    expect(validator.version).toBe('2.0');
    expect(danglingIn(swagger)).toEqual([]);
  }
});

/** References that lead nowhere, which the schema of Swagger lets through. */
function danglingIn(swagger: Swagger): string[] {
  const refs = [...JSON.stringify(swagger).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)];
  expect(refs.length).toBeGreaterThan(8);
  for (const [, name] of refs) expect(name).toMatch(/^[\w.~%-]+$/);
  return refs.flatMap(([, name = '']) => (decodeURIComponent(name) in swagger.definitions ? [] : name));
}

test('a client finds where to call, and what', async () => {
  const swagger = await modern({ title: 'Adult income' });
  expect(swagger.info).toEqual({
    version: '2.0',
    title: 'Adult income',
    description: 'No description provided for this web service.',
    'x-endpoint-name': 'default',
  });
  expect(swagger.host).toBe('127.0.0.1:7071');
  expect(swagger.basePath).toMatch(/^\/subscriptions\/[0-9a-f]{32}\/services\/[0-9a-f]{32}$/);
  const calls = Object.entries(swagger.paths).flatMap(([path, on]) =>
    Object.keys(on).map((method) => `${method} ${path}`),
  );
  expect(calls).toEqual([
    'get /swagger.json',
    'post /jobs',
    'post /jobs/{jobId}/start',
    'post /jobs/{jobId}/rerun',
    'get /jobs/{jobId}',
    'delete /jobs/{jobId}',
  ]);
});

test('it says the columns, inputs, outputs and parameters of the model, where clients look for them', async () => {
  const { definitions } = await modern({ parameters: odd.parameters });
  expect(definitions['input1Item']?.properties).toEqual({
    age: { type: 'number', format: 'float' },
    'hours per week': { type: 'integer', format: 'int64' },
    'is "new"': { type: 'boolean' },
    'work/class é': { type: 'string' },
    capital: { type: 'number', format: 'double' },
  });
  expect(Object.keys(definitions['output1Item']?.properties ?? {}).slice(-2)).toEqual([
    'capital',
    'Scored Labels',
  ]);
  // What R's discoverSchema does.
  const [row = {}] = definitions.ExecutionRequest.example.Inputs['input1'] ?? [];
  expect(Object.keys(row)).toEqual(Object.keys(definitions['input1Item']?.properties ?? {}));
  expect(definitions.GlobalParameters).toEqual({
    type: 'object',
    properties: {
      Threshold: { type: 'number', default: 0.5 },
      Mode: { type: 'string', default: 'x' },
      Needed: {},
    },
    required: ['Needed'],
  });
  expect(Object.keys(definitions.BatchRequest.properties)).toEqual([
    'Input',
    'Inputs',
    'Outputs',
    'GlobalParameters',
    'AzureBatchPoolId',
  ]);
});
