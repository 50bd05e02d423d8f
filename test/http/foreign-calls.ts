/** Calls that one tenant makes about another's things, and all that can be seen of their answers. */
import { connectionString } from '../app/world.ts';
import { armOf, group, nonce, planName, serviceBody, serviceName, type Tenant } from './tenants.ts';
import type { Api } from './api.ts';
import type { Got, Wish } from './calls.ts';

/** An id that nothing has, of the same look. */
export const missing: Tenant = {
  subscriptionId: 'd1'.repeat(16),
  workspaceId: 'd2'.repeat(16),
  poolId: 'd3'.repeat(16),
  vmIds: ['d4'.repeat(16), 'd5'.repeat(16)],
  newService: { serviceId: 'd6'.repeat(16), jobIds: ['d7'.repeat(16)] },
  classicService: { serviceId: 'd8'.repeat(16), jobIds: ['d9'.repeat(16)] },
  planId: 'da'.repeat(16),
  keys: { account: [], newService: [], classicService: [], vm: [] },
};

/** While everything of the victim's has just been used, and long after. */
export const times = [
  ['just after its owner', 0],
  ['a day later', 86_400_000],
] as const;

/** What stands for a parameter of a route; a new parameter must be told here whose it is. */
function valueOf(tenant: Tenant, route: string, param: string): string {
  const service = route.startsWith('workspaces/') ? tenant.classicService : tenant.newService;
  const values: Record<string, string | undefined> = {
    subscriptionId: tenant.subscriptionId,
    workspaceId: tenant.workspaceId,
    serviceId: service.serviceId,
    // The one that was never started, which every call could still change.
    jobId: service.jobIds.at(-1),
    poolId: tenant.poolId,
    vmId: tenant.vmIds[0],
    association: tenant.newService.serviceId,
    operationId: tenant.newService.serviceId,
    endpoint: 'default',
    group,
    name: route.includes('commitmentPlans') ? planName : serviceName,
  };
  const value = values[param];
  if (value === undefined) throw new Error(`nobody has told what {${param}} of ${route} is`);
  return value;
}

/** @param owners whose id stands for each parameter */
export function pathOf(route: string, owners: (param: string) => Tenant): string {
  const path = route.replaceAll(/\{(\w+)\}/g, (_, param: string) => valueOf(owners(param), route, param));
  return `/${path}${/\/jobs(\/|$)/.test(route) && !route.startsWith('poolservice') ? '?api-version=2.0' : ''}`;
}

/** Good ones, so that nothing but key and ids can be refused. */
export function bodyOf(api: Api, route: string, method: string, tenant: Tenant): unknown {
  if (method === 'GET' || method === 'DELETE') return undefined;
  if (route.startsWith('vm/')) {
    const held = { jobId: tenant.newService.jobIds[0], attempt: 1 };
    if (route.endsWith('finish')) return { nonce, ...held, outcome: { kind: 'finished', rows: 1 } };
    return { nonce };
  }
  if (route.endsWith('/uploads')) return { name: 'data.csv' };
  if (route.endsWith('/resize')) return { vmCount: 0 };
  if (route.endsWith('/regenerateKey')) return { keyName: 'primary' };
  if (route.endsWith('/move'))
    return { destinationPlanId: `${armOf(tenant.subscriptionId)}/commitmentPlans/s1` };
  if (route.endsWith('/endpoints/{endpoint}')) return { Resources: [{ Location: modelReference(api) }] };
  if (route.endsWith('/pools')) {
    const service = `subscriptions/${tenant.subscriptionId}/services/${tenant.newService.serviceId}`;
    return { vmCount: 0, swaggerUrl: `https://any.example/${service}/swagger.json` };
  }
  if (route.endsWith('/jobs')) return api.jobBody();
  if (route.startsWith('operator/accounts')) return { maxPools: 0, maxVmsPerPool: 0 };
  if (route.startsWith('operator/workspaces'))
    return { subscriptionId: tenant.subscriptionId, commitmentPlanId: tenant.planId };
  if (route.endsWith('commitmentPlans/{name}')) return { location: 'local', sku: { name: 'S2' } };
  if (/web[sS]ervices\/\{name\}$/.test(route)) return serviceBody(api);
  return {};
}

function modelReference(api: Api): object {
  const ConnectionString = connectionString(api.world);
  return { ConnectionString, RelativeLocation: 'models/adult.onnx' };
}

export function openerOf(route: string): 'account' | 'newService' | 'classicService' | 'vm' | 'operator' {
  if (route.startsWith('operator/')) return 'operator';
  if (route.startsWith('vm/')) return 'vm';
  if (/^workspaces\/\{workspaceId\}\/(?:services|webservices\/\{serviceId\})\//.test(route))
    return 'classicService';
  return route.startsWith('subscriptions/{subscriptionId}/services/') ? 'newService' : 'account';
}

export type Seen = {
  readonly status: number;
  readonly text: string;
  readonly headers: string;
  readonly reads: readonly string[];
};

/** The answer and every call to the storage, with ids taken out: one stands for the other. */
export async function seen(api: Api, wish: Wish): Promise<Seen> {
  const { table } = api.world;
  const reads: string[] = [];
  table.onCall = (call) => {
    const where = call.op === 'query' ? JSON.stringify(call.query) : call.op === 'get' ? call.rk : 'WRITE';
    reads.push(plain(`${call.op} ${call.table} ${where}`));
    return undefined;
  };
  try {
    const got = await api.call(wish);
    return { status: got.status, text: plain(got.text), headers: plain(headersOf(got)), reads };
  } finally {
    table.onCall = undefined;
  }
}

const headersOf = (got: Got): string =>
  JSON.stringify([...got.headers].filter(([name]) => !name.startsWith('x-ms-request')));

const plain = (text: string): string => text.replaceAll(/[0-9a-f]{12,32}/g, '*');
