/** Tenants with one of everything, made over the API itself: accounts, services of both kinds, pools, VMs and jobs. */
import { expect } from 'vitest';
import { endpoint } from '../app/world.ts';
import { read, textIn, valuesIn, type Api } from './api.ts';
import type { Got, Wish } from './calls.ts';

export type Tenant = {
  readonly subscriptionId: string;
  readonly workspaceId: string;
  readonly poolId: string;
  /** Of the pool: one that has a job, one that is free. */
  readonly vmIds: readonly [string, string];
  readonly newService: { readonly serviceId: string; readonly jobIds: readonly string[] };
  readonly classicService: { readonly serviceId: string; readonly jobIds: readonly string[] };
  readonly planId: string;
  readonly keys: Keys;
};

/** Every key that a tenant has, by what it opens. */
export type Keys = {
  readonly account: readonly string[];
  readonly newService: readonly string[];
  readonly classicService: readonly string[];
  /** In the order of `vmIds`. */
  readonly vm: readonly string[];
};

export const nonce = '5e'.repeat(16);
export const group = 'rg';
export const serviceName = 'scorer';
export const planName = 's1';

export function armOf(subscriptionId: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/Microsoft.MachineLearning`;
}

export function serviceBody(api: Api, more: object = {}): object {
  const model = { endpoint, container: 'models', name: 'adult.onnx' };
  const credentials = api.world.blobs.sas(model, 'r', 4_000_000_000_000);
  const locationInfo = { uri: `${endpoint}/models/adult.onnx`, credentials };
  return { properties: { title: 'A scorer', assets: { model: { locationInfo } }, ...more } };
}

export async function makeTenant(api: Api, subscriptionId: string, workspaceId: string): Promise<Tenant> {
  const must = async (wish: Wish): Promise<Got> => {
    const got = await api.call(wish);
    expect(got.status, `${wish.method} ${wish.path}: ${got.text}`).toBeLessThan(300);
    return got;
  };
  const asOperator = (method: string, path: string, body?: object) =>
    api.asOperator({ method, path, ...(body === undefined ? {} : { body }) });
  await asOperator('PUT', `/operator/accounts/${subscriptionId}`, { maxPools: 5, maxVmsPerPool: 5 });
  const account = keysIn(await asOperator('POST', `/operator/accounts/${subscriptionId}/listKeys`));
  const arm = armOf(subscriptionId);
  const asAccount = (method: string, path: string, body?: object) =>
    must({ method, path, key: account[0] ?? '', ...(body === undefined ? {} : { body }) });

  const plan = `${arm}/commitmentPlans/${planName}`;
  await asAccount('PUT', plan, { location: 'local', sku: { name: 'S1' } });
  const commitmentPlan = { id: plan };
  const made = await asAccount(
    'PUT',
    `${arm}/webServices/${serviceName}`,
    serviceBody(api, { commitmentPlan }),
  );
  const tie = { subscriptionId, commitmentPlanId: plan };
  const tied = await asOperator('PUT', `/operator/workspaces/${workspaceId}`, tie);
  const named = `/workspaces/${workspaceId}/webservices/${serviceName}`;
  const old = await asAccount('PUT', named, serviceBody(api));
  const keys = {
    account,
    newService: keysIn(await asAccount('GET', `${arm}/webServices/${serviceName}/listKeys`)),
    classicService: keysIn(await asAccount('GET', `${named}/listKeys`)),
  };

  const pools = `/poolservice/${subscriptionId}/pools`;
  const { swaggerUrl, path } = placeOf(made);
  const poolId = String(read(await asAccount('POST', pools, { vmCount: 2, swaggerUrl }))['poolId']);
  const vms = valuesIn(await asAccount('GET', `${pools}/${poolId}/vms`)) as { vmId: string }[];
  const vmIds = vms.map(({ vmId }) => vmId) as [string, string];
  for (const vmId of vmIds) {
    const key = api.world.app.secrets.vmToken(vmId);
    await must({ method: 'POST', path: `/vm/${vmId}/hello`, key, body: { nonce } });
  }
  const newJobs = await makeJobs(api, path, keys.newService[0] ?? '', poolId);
  const classicPath = placeOf(old).path;
  const classicJobs = await makeJobs(api, classicPath, keys.classicService[1] ?? '');
  return {
    subscriptionId,
    workspaceId,
    poolId,
    vmIds,
    planId: String(read(tied)['commitmentPlanId']),
    newService: { serviceId: path.split('/').at(-1) ?? '', jobIds: newJobs },
    classicService: { serviceId: classicPath.split('/').at(-1) ?? '', jobIds: classicJobs },
    keys: { ...keys, vm: vmIds.map((vmId) => api.world.app.secrets.vmToken(vmId)) },
  };
}

/** One that is started and one that is not. */
async function makeJobs(api: Api, path: string, key: string, poolId?: string): Promise<string[]> {
  const body = api.jobBody(poolId === undefined ? {} : { AzureBatchPoolId: poolId });
  const jobs = `${path}/jobs`;
  const register = () => api.call({ method: 'POST', path: `${jobs}?api-version=2.0`, key, body });
  const ids = [textIn(await register()), textIn(await register())];
  const start = { method: 'POST', path: `${jobs}/${ids[0]}/start?api-version=2.0`, key };
  expect((await api.call(start)).status).toBe(200);
  return ids;
}

function placeOf(got: Got): { swaggerUrl: string; path: string } {
  const { swaggerLocation } = read(got)['properties'] as { swaggerLocation: string };
  return {
    swaggerUrl: swaggerLocation,
    path: new URL(swaggerLocation).pathname.replace('/swagger.json', ''),
  };
}

function keysIn(got: Got): string[] {
  const { primary, secondary } = read(got);
  return [String(primary), String(secondary)];
}
