/** Plans and web services as management clients call them. */
import { beforeEach, expect, test } from 'vitest';
import { makeApi, read, valuesIn, type Api } from './api.ts';
import { detailOf } from './calls.ts';
import { connectionString, endpoint, subscriptionId } from '../app/world.ts';

let api: Api;
beforeEach(async () => {
  api = await makeApi();
});

const arm = `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.MachineLearning`;

test('a plan is made, read, listed, billed and deleted with exactly 200', async () => {
  const path = `${arm}/commitmentPlans/dev?api-version=2016-05-01-preview`;
  const body = {
    location: 'local',
    tags: { a: 'b' },
    sku: { name: 'DevTest', tier: 'DevTest', capacity: 1 },
  };
  const made = await api.asAccount({ method: 'PUT', path, body });
  expect(made.status).toBe(201);
  expect(read(made)).toMatchObject({
    name: 'dev',
    sku: { name: 'DevTest' },
    properties: { suspendPlanOnOverage: true },
  });
  expect((await api.asAccount({ method: 'PUT', path, body })).status).toBe(200);
  expect(read(await api.asAccount({ path }))).toEqual(read(made));
  expect(valuesIn(await api.asAccount({ path: `${arm}/commitmentPlans` }))).toHaveLength(2);
  const all = `/subscriptions/${subscriptionId}/providers/Microsoft.MachineLearning/commitmentPlans`;
  expect(valuesIn(await api.asAccount({ path: all }))).toHaveLength(2);
  const bill = read(await api.asAccount({ path: `${arm}/commitmentPlans/s1/bill` }));
  expect(bill).toMatchObject({
    currency: 'USD',
    amountMicros: 0,
    periods: [{ start: '2030-01-01T00:00:00.000Z', pools: [] }],
  });
  const deleted = await api.asAccount({ method: 'DELETE', path });
  expect(deleted.status).toBe(200);
  expect(detailOf(await api.asAccount({ path })).code).toBe('CommitmentPlanNotFound');
  expect(detailOf(await api.asAccount({ method: 'DELETE', path: `${arm}/commitmentPlans/s1` })).code).toBe(
    'PlanInUse',
  );
});

test.each<[string, string, object, string, RegExp]>([
  ['a tier that is none', '/commitmentPlans/x', { sku: { name: 'S9' } }, 'BadSku', /"S9"/],
  ['no sku', '/commitmentPlans/x', {}, 'RequestBodyInvalid', /sku is missing/],
  [
    'an API version that is none',
    '/commitmentPlans/x?api-version=1',
    { sku: { name: 'S1' } },
    'BadVersionCall',
    /"1": call with/,
  ],
  ['a name with a bar', '/commitmentPlans/a%7Cb', { sku: { name: 'S1' } }, 'BadParameterValue', /"a\|b"/],
  ['no assets', '/webServices/x', { properties: {} }, 'RequestBodyInvalid', /properties\.assets is missing/],
  [
    'two assets',
    '/webServices/x',
    { properties: { assets: { a: { locationInfo: { uri: 'x' } }, b: { locationInfo: { uri: 'x' } } } } },
    'InvalidPackage',
    /2 members/,
  ],
  [
    'an asset that is none',
    '/webServices/x',
    {
      properties: {
        assets: { model: { locationInfo: { uri: 'x' } } },
        package: { nodes: { a: { assetId: 'modle' }, o: { outputId: 'output1' } } },
      },
    },
    'InvalidAssetId',
    /Did you mean "model"\?/,
  ],
  [
    'an edge to nowhere',
    '/webServices/x',
    {
      properties: {
        assets: { m: { locationInfo: { uri: 'x' } } },
        package: {
          nodes: { a: { assetId: 'm' }, o: { outputId: 'output1' } },
          edges: [{ sourceNodeId: 'a', targetNodeId: 'oo' }],
        },
      },
    },
    'InvalidPackage',
    /Did you mean "o"\?/,
  ],
  [
    'more outputs than a VM can hold at a time',
    '/webServices/x',
    {
      properties: {
        assets: { m: { locationInfo: { uri: 'x' } } },
        package: {
          nodes: Object.fromEntries([
            ['a', { assetId: 'm' }],
            ...Array.from({ length: 9 }, (_, n) => [`o${n}`, { outputId: `output${n}` }]),
          ]),
        },
      },
    },
    'InvalidPackage',
    /has 9 nodes with an outputId: at most 8/,
  ],
  [
    'an edge backwards',
    '/webServices/x',
    {
      properties: {
        assets: { m: { locationInfo: { uri: 'x' } } },
        package: {
          nodes: { a: { assetId: 'm' }, o: { outputId: 'output1' } },
          edges: [{ sourceNodeId: 'o', targetNodeId: 'a' }],
        },
      },
    },
    'InvalidPackage',
    /neither from an input/,
  ],
  [
    'a model elsewhere',
    '/webServices/adult',
    {
      properties: {
        assets: { m: { locationInfo: { uri: 'http://169.254.169.254/x', credentials: '?sig=x' } } },
      },
    },
    'InvalidBlob',
    /properties\.assets\.m\.locationInfo\.uri cannot be used/,
  ],
])('Resource Manager: %s', async (_, path, body, code, message) => {
  const got = await api.asAccount({ method: 'PUT', path: arm + path, body });
  expect(got.status).toBe(400);
  expect(detailOf(got).code).toBe(code);
  expect(detailOf(got).message).toMatch(message);
});

test('a web service is made from the documented body, read without keys, and deleted', async () => {
  const sas = api.world.blobs.sas(
    { endpoint, container: 'models', name: 'adult.onnx' },
    'r',
    4_000_000_000_000,
  );
  const secret = /AccountKey=([^;]+)/.exec(connectionString(api.world))?.[1] ?? '';
  const body = {
    location: 'local',
    properties: {
      title: 'Adult income',
      packageType: 'Graph',
      commitmentPlan: { id: `${arm}/commitmentPlans/s1` },
      storageAccount: { name: 'caller', key: secret },
      assets: {
        model: {
          name: 'adult-lr',
          type: 'Module',
          locationInfo: { uri: `${endpoint}/models/adult.onnx`, credentials: sas },
        },
      },
      package: {
        nodes: {
          input1: { inputId: 'input1' },
          score: { assetId: 'model' },
          output1: { outputId: 'output1' },
        },
        edges: [
          { sourceNodeId: 'input1', targetNodeId: 'score' },
          { sourceNodeId: 'score', targetNodeId: 'output1' },
        ],
      },
      parameters: { Threshold: { value: 0.5 }, Mode: { value: { value: 'x' } }, Needed: {} },
    },
  };
  const path = `${arm}/webServices/second?api-version=2017-01-01`;
  const made = await api.asAccount({ method: 'PUT', path, body });
  expect(made.status).toBe(201);
  const service = read(made);
  const properties = service['properties'] as Record<string, unknown>;
  expect(properties).toMatchObject({
    title: 'Adult income',
    provisioningState: 'Succeeded',
    createdOn: '2030-01-01T00:00:00.000Z',
    input: {
      type: 'object',
      properties: { input1: { properties: { age: { type: 'Number', format: 'Float' } } } },
    },
    parameters: { Threshold: { value: 0.5 }, Mode: { value: 'x' }, Needed: {} },
  });
  const got = await api.asAccount({ path });
  expect(read(got)).toEqual(service);
  expect(properties['storageAccount']).toEqual({ name: 'caller' });
  for (const text of [made.text, got.text]) {
    expect(text).not.toMatch(/sig=/);
    expect(text).not.toContain(secret);
  }
  expect((await api.asAccount({ method: 'PUT', path, body })).status).toBe(200);
  const keys = read(await api.asAccount({ path: `${arm}/webServices/second/listKeys` }));
  expect(keys['primary']).toMatch(/==$/);
  const swagger = await api.call({ path: new URL(String(properties['swaggerLocation'])).pathname });
  expect(read(swagger)).toMatchObject({
    swagger: '2.0',
    host: '127.0.0.1:7071',
    info: { title: 'Adult income' },
  });
  expect(valuesIn(await api.asAccount({ path: `${arm}/webServices` }))).toHaveLength(2);
  expect((await api.asAccount({ method: 'DELETE', path })).status).toBe(204);
  expect(detailOf(await api.asAccount({ path })).code).toBe('WebServiceNotFound');
});

/** The body of a PUT with one model. */
function wish(more: object = {}): object {
  const model = { endpoint, container: 'models', name: 'adult.onnx' };
  const credentials = api.world.blobs.sas(model, 'r', 4_000_000_000_000);
  const locationInfo = { uri: `${endpoint}/models/adult.onnx`, credentials };
  const properties = {
    title: 'First',
    commitmentPlan: { id: `${arm}/commitmentPlans/s1` },
    assets: { model: { locationInfo } },
    parameters: { Threshold: { value: 0.5 } },
    ...more,
  };
  return { location: 'local', tags: { a: 'b' }, properties };
}

const second = `${arm}/webServices/second?api-version=2017-01-01`;

test('a PATCH changes what it names, and an asset in it is another model', async () => {
  await api.asAccount({ method: 'PUT', path: second, body: wish() });
  const patched = await api.asAccount({
    method: 'PATCH',
    path: second,
    body: { tags: { c: 'd' }, properties: { packageType: 'Graph', title: 'Second', parameters: { P: {} } } },
  });
  expect(patched.status).toBe(200);
  expect(read(patched)).toMatchObject({
    tags: { c: 'd' },
    properties: { title: 'Second', parameters: { P: {} }, provisioningState: 'Succeeded' },
  });
  expect(read(await api.asAccount({ path: second }))).toEqual(read(patched));
  const service = await serviceRow(String(read(patched)['name']));
  api.world.blobs.put({ endpoint, container: 'models', name: 'adult.onnx' }, 'another');
  const { assets } = (wish() as { properties: { assets: object } }).properties;
  const again = await api.asAccount({ method: 'PATCH', path: second, body: { properties: { assets } } });
  expect(read(again)).toMatchObject({ tags: { c: 'd' }, properties: { title: 'Second' } });
  const now = await serviceRow('second');
  expect(now?.state).toMatchObject({ kind: 'succeeded' });
  expect(now?.state).not.toEqual(service?.state);
});

async function serviceRow(name: string) {
  const { store } = api.world.app;
  const row = await store.get('name', { subscriptionId, of: 'webservice', group: 'rg', name });
  return (await store.get('service', { subscriptionId, serviceId: row?.row.id ?? '' }))?.row;
}

test.each<[string, object, string, RegExp]>([
  ['a package alone', { package: { nodes: {} } }, 'InvalidPackage', /without properties\.assets/],
  [
    'another plan',
    { commitmentPlan: { id: `${arm}/commitmentPlans/s2` } },
    'CommitmentPlanFixed',
    /cannot be changed here: move/,
  ],
  ['an unknown member', { titel: 'x' }, 'RequestBodyInvalid', /Did you mean "title"\?/],
])('a PATCH with %s is refused and changes nothing', async (_, properties, code, message) => {
  const plan = { location: 'local', sku: { name: 'S2' } };
  await api.asAccount({ method: 'PUT', path: `${arm}/commitmentPlans/s2`, body: plan });
  const made = await api.asAccount({ method: 'PUT', path: second, body: wish() });
  const got = await api.asAccount({ method: 'PATCH', path: second, body: { properties } });
  expect([got.status, detailOf(got).code]).toEqual([400, code]);
  expect(detailOf(got).message).toMatch(message);
  expect(read(await api.asAccount({ path: second }))).toEqual(read(made));
});

test('a model that cannot be served is refused by PATCH, and said by the operation of a PUT', async () => {
  await api.asAccount({ method: 'PUT', path: second, body: wish() });
  const refused = { kind: 'refused', reason: 'It is no ONNX file.' };
  Object.assign(api.world.app, { checkModel: async () => refused });
  const { assets } = (wish() as { properties: { assets: object } }).properties;
  const got = await api.asAccount({ method: 'PATCH', path: second, body: { properties: { assets } } });
  expect([got.status, detailOf(got).code]).toEqual([400, 'ModelRefused']);
  expect(read(await api.asAccount({ path: second }))).toMatchObject({
    properties: { provisioningState: 'Succeeded' },
  });
  const put = await api.asAccount({ method: 'PUT', path: second, body: wish() });
  const error = { code: 'ModelRefused', message: 'It is no ONNX file.' };
  expect(read(put)).toMatchObject({ properties: { provisioningState: 'Failed' }, error });
  const operation = new URL(put.headers.get('azure-asyncoperation') ?? '');
  expect(operation.origin).toBe('http://127.0.0.1:7071');
  const said = await api.asAccount({ path: `${operation.pathname}${operation.search}&region=local` });
  expect(read(said)).toMatchObject({
    status: 'Failed',
    provisioningState: 'Failed',
    error,
    errorInfo: error,
  });
});

test('regional credentials are there at once, and a region is asked for', async () => {
  await api.asAccount({ method: 'PUT', path: second, body: wish() });
  const path = `${arm}/webServices/second/CreateRegionalBlob?api-version=2017-01-01`;
  const got = await api.asAccount({ method: 'POST', path: `${path}&region=westus` });
  expect(got.status).toBe(202);
  expect(read(got)).toMatchObject({ provisioningState: 'Succeeded', percentComplete: 100 });
  const operation = new URL(got.headers.get('azure-asyncoperation') ?? '');
  const said = await api.asAccount({ path: `${operation.pathname}${operation.search}&region=westus` });
  expect(read(said)).toMatchObject({ status: 'Succeeded' });
  const lacking = await api.asAccount({ method: 'POST', path });
  expect([lacking.status, detailOf(lacking).code]).toEqual([400, 'InvalidQueryParameter']);
});

test.each(['webServices', 'commitmentPlans'])('%s are listed page by page', async (what) => {
  const plan = { location: 'local', sku: { name: 'S1' } };
  for (const name of ['two', 'three']) {
    const path = `${arm}/${what}/${name}`;
    const body = what === 'webServices' ? wish() : plan;
    expect((await api.asAccount({ method: 'PUT', path, body })).status).toBe(201);
  }
  for (const list of [arm, `/subscriptions/${subscriptionId}/providers/Microsoft.MachineLearning`]) {
    const names: string[] = [];
    let path = `${list}/${what}?api-version=2017-01-01&$top=2`;
    for (let pages = 1; path !== ''; pages += 1) {
      const page = await api.asAccount({ path });
      names.push(...valuesIn(page).map((one) => (one as { name: string }).name));
      const next = read(page)['nextLink'];
      expect(next === undefined).toBe(pages === 2);
      // Clients write the token both ways.
      const url =
        next === undefined ? undefined : new URL((next as string).replace('skiptoken', 'skipToken'));
      path = url === undefined ? '' : url.pathname + url.search;
    }
    expect(names.toSorted((a, b) => a.localeCompare(b))).toEqual([
      what === 'webServices' ? 'adult' : 's1',
      'three',
      'two',
    ]);
  }
  const bad = await api.asAccount({ path: `${arm}/${what}?$top=1001` });
  expect(detailOf(bad).code).toBe('InvalidQueryParameter');
});

test('a web service that is not there is deleted already', async () => {
  expect((await api.asAccount({ method: 'DELETE', path: `${arm}/webServices/none` })).status).toBe(204);
});
