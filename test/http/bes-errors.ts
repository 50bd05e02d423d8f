/** Every error of the Batch Execution Service that a caller can bring about: its code, what provokes it, and how. */
import { limits } from '../../shared/core/limits.ts';
import { connectionString, endpoint, subscriptionId } from '../app/world.ts';
import { makeClassic, makeWorkspace, workspaceId } from '../app/classic-world.ts';
import { read, textIn, type Api } from './api.ts';
import type { Got, Wish } from './calls.ts';
import { armOf, serviceBody as classicBody } from './tenants.ts';

/** Code of the first detail, what is wrong, and how it comes about. */
export type ErrorRow = readonly [code: string, what: string, provoke: (api: Api) => Promise<Got>];

export const arm = armOf(subscriptionId);
export const nobody = 'f'.repeat(32);

/** A registration whose body differs from a good one in `more`. */
const registering =
  (more: (api: Api) => object) =>
  (api: Api): Promise<Got> =>
    api.register(api.jobBody(more(api)));

/** One whose one input differs from a good one. */
const input = (more: object) =>
  registering((api) => ({
    Input: { ConnectionString: connectionString(api.world), RelativeLocation: 'inputs/x.csv', ...more },
  }));

const output = (more: object) =>
  registering((api) => ({
    Outputs: {
      output1: { ConnectionString: connectionString(api.world), RelativeLocation: 'outputs/x.csv', ...more },
    },
  }));

/** The body of a web service's PUT: a good model, a plan that pays, and `more` properties. */
export function serviceBody(api: Api, more: object = {}): object {
  return classicBody(api, { commitmentPlan: { id: `${arm}/commitmentPlans/s1` }, ...more });
}

/** Registers with another service, made of `more` properties. */
const withService =
  (more: object, body: (api: Api) => object) =>
  async (api: Api): Promise<Got> => {
    const path = `${arm}/webServices/other`;
    const made = read(await api.asAccount({ method: 'PUT', path, body: serviceBody(api, more) }));
    const { swaggerLocation } = made['properties'] as { swaggerLocation: string };
    const keys = read(await api.asAccount({ path: `${path}/listKeys` }));
    return api.call({
      key: String(keys['primary']),
      method: 'POST',
      path: `${new URL(swaggerLocation).pathname.replace('swagger.json', 'jobs')}?api-version=2.0`,
      body: body(api),
    });
  };

const ports = (inputs: readonly string[]) => ({
  package: {
    nodes: {
      model: { assetId: 'model' },
      output1: { outputId: 'output1' },
      ...Object.fromEntries(inputs.map((name) => [name, { inputId: name }])),
    },
  },
});

const one = (api: Api) => api.jobBody({ Outputs: null });
const only = (body: object) => () => body;

const asService =
  (wish: (api: Api) => Wish) =>
  (api: Api): Promise<Got> =>
    api.asService(wish(api));

/** Registers a job, does something about it, and starts it. */
const starting =
  (more: (api: Api) => object, then: (api: Api, jobId: string) => Promise<unknown> = async () => undefined) =>
  async (api: Api): Promise<Got> => {
    const jobId = textIn(await api.register(api.jobBody(more(api))));
    await then(api, jobId);
    return api.start(jobId);
  };

async function deletedPool(api: Api): Promise<string> {
  const poolId = await api.makePool(0);
  await api.asAccount({ method: 'DELETE', path: `${api.psu}/pools/${poolId}` });
  return poolId;
}

const withSas = (more: object) => ({
  Input: { BaseLocation: `${endpoint}/`, RelativeLocation: 'inputs/x.csv', SasBlobToken: '?sig=x', ...more },
});

/** One registration more than a key may have under way: each of the others has come as far as its commit. */
async function throttled(api: Api): Promise<Got> {
  const { store } = api.world.app;
  const { commit } = store;
  const full = Promise.withResolvers<undefined>();
  const go = Promise.withResolvers<undefined>();
  let held = 0;
  Object.assign(store, {
    commit: async (...[writes]: Parameters<typeof commit>) => {
      if (writes.some(({ kind }) => kind === 'job')) {
        if ((held += 1) === limits.registersPerKeyMax) full.resolve(undefined);
        await go.promise;
      }
      return commit(writes);
    },
  });
  const under = Array.from({ length: limits.registersPerKeyMax }, () => api.register(api.jobBody()));
  await full.promise;
  const got = await api.register(api.jobBody());
  go.resolve(undefined);
  await Promise.all(under);
  return got;
}

export const besErrors: readonly ErrorRow[] = [
  ['BadVersionCall', 'no api-version', asService((api) => ({ method: 'POST', path: `${api.bes}/jobs` }))],
  [
    'BadVersionCall',
    'another api-version',
    asService((api) => ({ method: 'POST', path: `${api.bes}/jobs?api-version=1.0` })),
  ],
  [
    'BadSubscriptionId',
    'a placeholder in the URL',
    asService((api) => ({ path: `/subscriptions/%7Bid%7D/services/${api.world.service.serviceId}/jobs` })),
  ],
  [
    'BadWorkspaceId',
    'a name in the URL',
    asService(() => ({ path: `/workspaces/mine/services/${nobody}/jobs` })),
  ],
  [
    'WebServiceIdInvalid',
    'a name in the URL',
    asService(() => ({ path: `/subscriptions/${subscriptionId}/services/adult/jobs` })),
  ],
  ['MissingJobId', 'a status of nothing', asService((api) => ({ path: `${api.bes}/jobs?api-version=2.0` }))],
  ['ScoreRequestUnauthorized', 'no key', (api) => api.call({ method: 'POST', path: `${api.bes}/jobs` })],
  ['RequestIsEmpty', 'no body', (api) => api.register('')],
  ['RequestIsEmpty', 'null', (api) => api.register('null')],
  ['RequestBodyInvalid', 'broken JSON', (api) => api.register('{"Input": {"ConnectionString": "x"')],
  ['RequestBodyInvalid', 'a list', (api) => api.register('[]')],
  ['RequestBodyInvalid', 'a misspelt member', registering(only({ GolbalParameters: {} }))],
  ['RequestBodyInvalid', 'a strange member', registering(only({ Banana: 1 }))],
  ['RequestBodyInvalid', 'a misspelt member of a reference', input({ ConnetionString: 'x' })],
  [
    'RequestBodyInvalid',
    'a blob in the place of the inputs',
    registering(only({ Inputs: { BaseLocation: 'https://x/', RelativeLocation: 'c/x.csv' } })),
  ],
  [
    'RequestBodyInvalid',
    'a blob in the place of the outputs',
    registering(only({ Outputs: { BaseLocation: 'https://x/', RelativeLocation: 'c/x.csv' } })),
  ],
  ['RequestBodyInvalid', 'a number for a text', input({ ConnectionString: 5 })],
  ['RequestBodyTooLarge', 'a large body', registering(only({ Banana: 'x'.repeat(300_000) }))],
  [
    'BadParameterValue',
    'a list for a parameter',
    registering(only({ GlobalParameters: { Threshold: [1] } })),
  ],
  [
    'DuplicateInputInBatchCall',
    'Input and Inputs',
    registering(only({ Inputs: { input1: { RelativeLocation: 'x' } } })),
  ],
  ['BatchJobInputsNotSpecified', 'no input', registering(only({ Input: null }))],
  ['BatchJobInputsTooManySpecified', 'an input for a service without any', withService(ports([]), one)],
  [
    'InvalidInputNames',
    'a misspelt input',
    registering(only({ Input: null, Inputs: { inptu1: { RelativeLocation: 'x' } } })),
  ],
  [
    'InvalidOutputOverrideName',
    'a misspelt output',
    registering(only({ Outputs: { Output1: { RelativeLocation: 'x' } } })),
  ],
  [
    'InvalidOutputOverrideName',
    'a strange output',
    registering(only({ Outputs: { scores: { RelativeLocation: 'x' } } })),
  ],
  [
    'UnexpectedParameter',
    'a misspelt parameter',
    withService({ parameters: { Threshold: { value: 1 } } }, (api) => ({
      ...one(api),
      GlobalParameters: { Treshold: 0.5 },
    })),
  ],
  [
    'UserParameterInvalid',
    'a policy for rows at fault that there is not',
    registering(only({ GlobalParameters: { 'millpond.rowErrors': 'drop' } })),
  ],
  ['UnexpectedParameter', 'a parameter of none', registering(only({ GlobalParameters: { Threshold: 0.5 } }))],
  ['MissingRequiredGlobalParameters', 'no value', withService({ parameters: { Threshold: {} } }, one)],
  ['MissingInputBlobInformation', 'no location', input({ RelativeLocation: null })],
  ['MissingInputBlobInformation', 'no account', input({ ConnectionString: null })],
  ['MissingInputBlobInformation', 'no token', registering(() => withSas({ SasBlobToken: null }))],
  ['MissingOutputOverrideSpecification', 'no location', output({ RelativeLocation: null })],
  ['InputBlobRelativeLocationInvalid', 'a URL', input({ RelativeLocation: 'https://caller.blob/x.csv' })],
  ['InputBlobRelativeLocationInvalid', 'no blob', input({ RelativeLocation: 'inputs/' })],
  ['ContainerSegmentInvalid', 'a container in capitals', input({ RelativeLocation: 'Data/x.csv' })],
  ['InvalidBlobExtension', 'a spreadsheet', input({ RelativeLocation: 'inputs/x.xlsx' })],
  ['InvalidBlobExtension', 'a trained model', output({ RelativeLocation: 'outputs/x.ilearner' })],
  ['InvalidBlob', 'a blob with backslashes', output({ RelativeLocation: 'outputs\\x.csv' })],
  ['InvalidBlob', 'a token that is none', registering(() => withSas({ SasBlobToken: 'hello' }))],
  ['InvalidBlob', 'a token in the name', input({ RelativeLocation: 'inputs/x.csv?sv=1&sig=secret' })],
  ['InvalidBlob', 'another host', registering(() => withSas({ BaseLocation: 'http://169.254.169.254/' }))],
  [
    'InvalidBlobConnectionString',
    'a placeholder',
    input({ ConnectionString: 'AccountName=a1b;AccountKey=&lt;Key&gt;;' }),
  ],
  [
    'InvalidBlobConnectionString',
    'a misspelt member',
    input({ ConnectionString: 'AccountNam=a1b;AccountKey=eA==' }),
  ],
  ['InvalidBlobConnectionString', 'no connection string', input({ ConnectionString: 'hello' })],
  ['PoolNotFound', 'a pool of nobody', registering(only({ AzureBatchPoolId: nobody }))],
  [
    'PoolDeleting',
    'a pool that goes',
    async (api) => api.register(api.jobBody({ AzureBatchPoolId: await deletedPool(api) })),
  ],
  [
    'InvalidIdempotencyKey',
    'an empty key',
    asService((api) => ({
      method: 'POST',
      path: `${api.bes}/jobs?api-version=2.0`,
      headers: { 'idempotency-key': '' },
      body: api.jobBody(),
    })),
  ],
  [
    'IdempotencyKeyReuse',
    'one key for two',
    async (api) => {
      const path = `${api.bes}/jobs?api-version=2.0`;
      const wish = { method: 'POST', path, headers: { 'idempotency-key': 'k-1' } };
      await api.asService({ ...wish, body: api.jobBody() });
      return api.asService({ ...wish, body: api.jobBody({ Outputs: null }) });
    },
  ],
  ['JobNotFound', 'a job of nobody', (api) => api.status(nobody)],
  ['JobNotFound', 'an id with the quotes of its JSON', (api) => api.status(`%22${nobody}%22`)],
  ['BlobNotFound', 'an input that is not there', starting(only({}))],
  [
    'ContainerValidationFailed',
    'a container that is not there',
    starting((api) => ({
      Input: { ConnectionString: connectionString(api.world), RelativeLocation: 'nothere/x.csv' },
    })),
  ],
  [
    'CannotStartJob',
    'a cancelled job',
    starting(only({}), (api, jobId) => api.asService({ method: 'DELETE', path: `${api.bes}/jobs/${jobId}` })),
  ],
  [
    'CannotRerunJob',
    'a job without rows at fault',
    async (api) => {
      const jobId = textIn(await api.register(api.jobBody()));
      return api.asService({
        method: 'POST',
        path: `${api.bes}/jobs/${jobId}/rerun?api-version=2.0`,
        body: {},
      });
    },
  ],
  [
    'StorageUnreachable',
    "a caller's storage that is down",
    starting(only({}), async ({ world }) => {
      world.blobs.onCall = () => 'unreachable';
    }),
  ],
  ['RequestThrottled', 'too many registrations at a time', throttled],
  [
    'WebServiceNotSucceeded',
    'a service whose model was refused',
    async (api) => {
      const refused = { kind: 'refused', reason: 'It is no ONNX file.' };
      Object.assign(api.world.app, { checkModel: async () => refused });
      return withService({}, one)(api);
    },
  ],
  [
    'WebServiceIdNotFoundInWorkspace',
    'swagger.json of no service',
    (api) => api.call({ path: `/workspaces/${workspaceId}/services/${nobody}/swagger.json` }),
  ],
  [
    'ModelRefused',
    'retraining with a model that cannot be used',
    async (api) => {
      const { world } = api;
      const service = await makeClassic(world, await makeWorkspace(world, 's1'));
      const refused = { kind: 'refused', reason: 'It is no ONNX file.' };
      Object.assign(world.app, { checkModel: async () => refused });
      const Location = { ConnectionString: connectionString(world), RelativeLocation: 'models/adult.onnx' };
      return api.call({
        key: world.app.secrets.key({ kind: 'service', id: service.serviceId }, 'primary', 1),
        method: 'PATCH',
        path: `/workspaces/${workspaceId}/webservices/${service.serviceId}/endpoints/default`,
        body: { Resources: [{ Name: 'Model', Location }] },
      });
    },
  ],
];
