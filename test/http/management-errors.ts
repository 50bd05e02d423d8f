/** Every error of the calls beside the Batch Execution Service that a caller can bring about. */
import { StoreFault } from '../../shared/app/ports.ts';
import { SettingsError } from '../../shared/settings.ts';
import { makeClassic, makeWorkspace, workspaceId } from '../app/classic-world.ts';
import { started, subscriptionId } from '../app/world.ts';
import type { Api } from './api.ts';
import { arm, nobody, serviceBody, type ErrorRow } from './bes-errors.ts';
import type { Got } from './calls.ts';
import { serve } from './registered.ts';

const operatorPath = `/operator/accounts/${subscriptionId}`;

/** A PUT of a web service with `more` properties. */
const service =
  (more: object, name = 'other') =>
  (api: Api): Promise<Got> =>
    api.asAccount({ method: 'PUT', path: `${arm}/webServices/${name}`, body: serviceBody(api, more) });

const plan =
  (name: string, tier: string) =>
  (api: Api): Promise<Got> =>
    api.asAccount({ method: 'PUT', path: `${arm}/commitmentPlans/${name}`, body: { sku: { name: tier } } });

const pool =
  (more: (api: Api) => object) =>
  (api: Api): Promise<Got> => {
    const body = { vmCount: 1, swaggerUrl: api.swaggerUrl(), ...more(api) };
    return api.asAccount({ method: 'POST', path: `${api.psu}/pools`, body });
  };

const swaggerOf = (subscription: string, id: string) => () => ({
  swaggerUrl: `https://x/subscriptions/${subscription}/services/${id}/swagger.json`,
});

const quotas = (api: Api, maxPools: number, maxVmsPerPool: number) =>
  api.asOperator({ method: 'PUT', path: operatorPath, body: { maxPools, maxVmsPerPool } });

const move = (api: Api, destinationPlanId: string, association = api.world.service.serviceId) =>
  api.asAccount({
    method: 'POST',
    path: `${arm}/commitmentPlans/s1/commitmentAssociations/${association}/move`,
    body: { destinationPlanId },
  });

const workspace = (api: Api, method: string, more: object = {}) =>
  api.asOperator({
    method,
    path: `/operator/workspaces/${workspaceId}`,
    body: { subscriptionId, commitmentPlanId: `${arm}/commitmentPlans/s1`, ...more },
  });

const loadFails = (error: Error) => (api: Api) => {
  serve(async () => {
    throw error;
  });
  return api.call({ path: '/health' });
};

export const managementErrors: readonly ErrorRow[] = [
  [
    'RouteNotFound',
    'nothing there',
    (api) => api.call({ method: 'PATCH', path: '/subscriptions/x/nothing' }),
  ],
  [
    'RouteNotFound',
    'a method that is not there',
    (api) => api.call({ method: 'PUT', path: '/subscriptions/x/services/y/jobs/z' }),
  ],
  [
    'RouteNotFound',
    'request-response scoring',
    (api) =>
      api.call({ method: 'POST', path: '/workspaces/x/services/y/execute?api-version=2.0&details=true' }),
  ],
  ['RequestBodyInvalid', 'no number of VMs', pool(() => ({ vmCount: null }))],
  ['BadParameterValue', 'fewer than no VMs', pool(() => ({ vmCount: -1 }))],
  ['RequestBodyInvalid', 'half a VM', pool(() => ({ vmCount: 1.5 }))],
  ['BadSwaggerUrl', 'a page', pool(() => ({ swaggerUrl: 'https://example.org/' }))],
  ['ServiceOfAnotherAccount', "another account's", pool(swaggerOf('cd'.repeat(16), nobody))],
  ['WebServiceNotFound', 'a service of nobody', pool(swaggerOf(subscriptionId, nobody))],
  [
    'ClassicServiceNotAllowed',
    'a classic service',
    pool(() => ({ swaggerUrl: `https://x/workspaces/${workspaceId}/services/${nobody}/swagger.json` })),
  ],
  [
    'WebServiceNotSucceeded',
    'a service whose model was refused',
    async (api) => {
      const refused = { kind: 'refused', reason: 'It is no ONNX file.' };
      Object.assign(api.world.app, { checkModel: async () => refused });
      await service({}, 'adult')(api);
      return pool(() => ({}))(api);
    },
  ],
  [
    'PlanUsedUp',
    'a plan that has nothing left',
    async (api) => {
      const { tiers } = api.world.app.config;
      const nothing = { includedComputeMs: 0, includedTransactions: 0 };
      Object.assign(api.world.app.config, { tiers: tiers.map((tier) => ({ ...tier, ...nothing })) });
      await plan('dev', 'DevTest')(api);
      const made = await service({ commitmentPlan: { id: `${arm}/commitmentPlans/dev` } })(api);
      const { properties } = JSON.parse(made.text) as { properties: { swaggerLocation: string } };
      return pool(() => ({ swaggerUrl: properties.swaggerLocation }))(api);
    },
  ],
  [
    'PoolQuotaExceeded',
    'one pool too many',
    async (api) => {
      await quotas(api, 0, 8);
      return pool(() => ({}))(api);
    },
  ],
  [
    'VmQuotaExceeded',
    'VMs too many',
    async (api) => {
      await quotas(api, 3, 8);
      return pool(() => ({ vmCount: 9 }))(api);
    },
  ],
  ['PoolNotFound', 'a pool of nobody', (api) => api.asAccount({ path: `${api.psu}/pools/${nobody}` })],
  [
    'PoolHasUnfinishedJobs',
    'a pool with work',
    async (api) => {
      const poolId = await api.makePool(0);
      await started(api.world, poolId);
      return api.asAccount({ method: 'DELETE', path: `${api.psu}/pools/${poolId}` });
    },
  ],
  [
    'InvalidQueryParameter',
    'too much of a list',
    (api) => api.asAccount({ path: `${api.psu}/pools?$top=5000` }),
  ],
  [
    'BadUploadName',
    'a folder',
    (api) =>
      api.asAccount({
        method: 'POST',
        path: `/subscriptions/${subscriptionId}/uploads`,
        body: { name: 'a/b.csv' },
      }),
  ],
  ['BadSku', 'a misspelt tier', plan('x', 'DevTests')],
  ['BadSku', 'a tier that is none', plan('x', 'Premium')],
  [
    'DevTestPlanExists',
    'a second one',
    async (api) => {
      await plan('dev', 'DevTest')(api);
      return plan('dev2', 'DevTest')(api);
    },
  ],
  ['BadParameterValue', 'a name with a bar', plan('a%7Cb', 'S1')],
  [
    'CommitmentPlanNotFound',
    'a plan of nobody',
    (api) => api.asAccount({ path: `${arm}/commitmentPlans/none` }),
  ],
  [
    'CommitmentPlanNotFound',
    'a service of no plan',
    service({ commitmentPlan: { id: `${arm}/commitmentPlans/none` } }),
  ],
  ['MissingCommitmentPlan', 'a service without one', service({ commitmentPlan: null })],
  [
    'CommitmentPlanFixed',
    'another plan',
    async (api) => {
      await plan('s2', 'S2')(api);
      return service({ commitmentPlan: { id: `${arm}/commitmentPlans/s2` } }, 'adult')(api);
    },
  ],
  [
    'PlanInUse',
    'a plan that pays',
    (api) => api.asAccount({ method: 'DELETE', path: `${arm}/commitmentPlans/s1` }),
  ],
  [
    'CommitmentAssociationNotFound',
    'a move of nobody',
    (api) => move(api, `${arm}/commitmentPlans/s1`, nobody),
  ],
  ['CommitmentPlanNotFound', 'a move to no plan', (api) => move(api, `${arm}/commitmentPlans/none`)],
  ['RequestBodyInvalid', 'no assets', service({ assets: null })],
  ['InvalidPackage', 'no model', service({ package: { nodes: { output1: { outputId: 'output1' } } } })],
  ['InvalidPackage', 'no output', service({ package: { nodes: { model: { assetId: 'model' } } } })],
  [
    'InvalidPackage',
    'an edge to nowhere',
    service({
      package: {
        nodes: { model: { assetId: 'model' }, output1: { outputId: 'output1' } },
        edges: [{ sourceNodeId: 'model', targetNodeId: 'outptu1' }],
      },
    }),
  ],
  [
    'MultipleInputsNotAllowed',
    'two inputs',
    service({
      package: {
        nodes: {
          m: { assetId: 'model' },
          o: { outputId: 'output1' },
          l: { inputId: 'left' },
          r: { inputId: 'right' },
        },
      },
    }),
  ],
  [
    'InvalidAssetId',
    'a misspelt asset',
    service({ package: { nodes: { m: { assetId: 'modle' }, o: { outputId: 'output1' } } } }),
  ],
  ['InvalidStorageAccount', 'no key', service({ storageAccount: { name: 'caller' } })],
  ['InvalidStorageAccount', 'a wrong key', service({ storageAccount: { name: 'caller', key: 'd3Jvbmc=' } })],
  [
    'InvalidBlob',
    'a model elsewhere',
    service({ assets: { m: { locationInfo: { uri: 'http://169.254.169.254/x', credentials: '?sig=x' } } } }),
  ],
  ['WebServiceNotFound', 'a service of nobody', (api) => api.asAccount({ path: `${arm}/webServices/none` })],
  [
    'ServiceHasPools',
    'a service that a pool bills to',
    async (api) => {
      await api.makePool(0);
      return api.asAccount({ method: 'DELETE', path: `${arm}/webServices/adult` });
    },
  ],
  [
    'CommitmentPlanNotAllowed',
    'a plan for a classic service',
    async (api) => {
      await makeWorkspace(api.world, 's1');
      const path = `/workspaces/${workspaceId}/webservices/x`;
      return api.asAccount({ method: 'PUT', path, body: serviceBody(api) });
    },
  ],
  [
    'AccountNotFound',
    'an account of nobody',
    (api) => api.asOperator({ path: `/operator/accounts/${nobody}` }),
  ],
  [
    'AccountHasPools',
    'an account with pools',
    async (api) => {
      await api.makePool(0);
      return api.asOperator({ method: 'DELETE', path: operatorPath });
    },
  ],
  [
    'AccountHasServices',
    'an account with services',
    (api) => api.asOperator({ method: 'DELETE', path: operatorPath }),
  ],
  [
    'AccountNotFound',
    'a workspace of no account',
    (api) => workspace(api, 'PUT', { subscriptionId: nobody }),
  ],
  [
    'CommitmentPlanNotFound',
    'a workspace of no plan',
    (api) => workspace(api, 'PUT', { commitmentPlanId: 's1' }),
  ],
  ['WorkspaceNotFound', 'a workspace of nobody', (api) => workspace(api, 'GET')],
  [
    'WorkspaceHasServices',
    'a workspace with services',
    async (api) => {
      await makeClassic(api.world, await makeWorkspace(api.world, 's1'));
      return workspace(api, 'DELETE');
    },
  ],
  [
    'StorageUnavailable',
    'a storage of ours that is down',
    async (api) => {
      const get = () => Promise.reject(new StoreFault('timeout', 'injected'));
      Object.assign(api.world.app.store, { get, recall: get });
      return api.status(nobody);
    },
  ],
  [
    'InternalError',
    'a bug of ours',
    async (api) => {
      const get = () => Promise.reject(new Error('injected'));
      Object.assign(api.world.app.store, { get, recall: get });
      return api.status(nobody);
    },
  ],
  [
    'SettingsInvalid',
    'a bad setting',
    loadFails(new SettingsError('MILLPOND_OPERATOR_KEY', 'MILLPOND_OPERATOR_KEY is missing: give it.')),
  ],
];
