/**
 * Nobody reaches what is another's: every route that is registered, with every key that does not open it, and with
 * every id of somebody else's, answers exactly as it does for an id that does not exist, in status and text and in what
 * is read of the storage.
 */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { endpoint } from '../app/world.ts';
import { makeApi, type Api } from './api.ts';
import { bodyOf, missing, openerOf, pathOf, seen, times } from './foreign-calls.ts';
import { registeredFunctions } from './registered.ts';
import { makeTenant, type Tenant } from './tenants.ts';

const operatorKey = 'operator-key-of-the-tests-0123456789';
/** Routes without a key. Whoever adds one says here that it shows nothing of anybody. */
const openRoutes = [
  'health',
  'openApi',
  'operations',
  'serviceSwagger',
  'classicServiceSwagger',
  'zzFallback',
];
/** Names of things within an account: the same name in two accounts is two things. */
const names = ['endpoint', 'group', 'name'];

type Route = { readonly name: string; readonly route: string; readonly methods: readonly string[] };
const { routes } = await registeredFunctions();
const guarded: Route[] = routes.filter((one) => !openRoutes.includes(one.name));
const calls = guarded.flatMap((one) => one.methods.map((method) => ({ ...one, method })));

let api: Api;
let victim: Tenant;
let mallory: Tenant;

beforeEach(async () => {
  api = await makeApi();
  api.world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  victim = await makeTenant(api, 'a1'.repeat(16), 'a2'.repeat(16));
  mallory = await makeTenant(api, 'b1'.repeat(16), 'b2'.repeat(16));
}, 60_000);

const paramNames = (route: string): string[] =>
  [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');

/** Everything that is stored of the victim's, and of everybody's. */
function rows(): string {
  const tables = [
    'millpondaccounts',
    'millpondworkspaces',
    'millpondledger',
    'millpondpools',
    'millpondlive',
  ];
  return JSON.stringify(tables.map((name) => api.world.table.all(name)));
}

/** The keys that are not the one of the thing in the path, with what they are. */
function foreignKeys(route: string): (readonly [string, string | undefined])[] {
  const kinds = ['account', 'newService', 'classicService', 'vm'] as const;
  const opener = openerOf(route);
  const all: (readonly [string, string | undefined])[] = [
    ['no key', undefined],
    ['a key that is none', Buffer.alloc(64, 1).toString('base64')],
    ...kinds.flatMap((kind) =>
      mallory.keys[kind].map((key, at) => [`mallory's ${kind} ${at}`, key] as const),
    ),
    ...kinds
      .filter((kind) => kind !== opener)
      .flatMap((kind) =>
        victim.keys[kind].map((key, at) => [`the victim's own ${kind} ${at}`, key] as const),
      ),
    ...(opener === 'vm' ? [["the victim's other vm", victim.keys.vm[1]] as const] : []),
    ...(opener === 'operator' ? [] : [["the operator's", operatorKey] as const]),
  ];
  return all;
}

const isOfIds = (param: string): boolean => !names.includes(param);

/** Every non-empty choice of some of them. */
function choices(params: readonly string[]): string[][] {
  return params
    .reduce<string[][]>((some, param) => [...some, ...some.map((one) => [...one, param])], [[]])
    .filter((one) => one.length > 0);
}

describe('the list of routes', () => {
  beforeAll(() => expect(calls.length).toBeGreaterThan(50));

  test('names what is open, and nothing that is gone', () => {
    expect(openRoutes.filter((name) => !routes.some((one) => one.name === name))).toEqual([]);
  });

  test("its owner's key opens each of them: so the others are refused for their key", async () => {
    const shut: string[] = [];
    for (const { route, method, name } of calls.toSorted(before)) {
      const opener = openerOf(route);
      // The first of an account is rotated away on the way.
      const key = opener === 'operator' ? operatorKey : victim.keys[opener][opener === 'vm' ? 0 : 1];
      const body = bodyOf(api, route, method, victim);
      const path = pathOf(route, () => victim);
      const got = await api.call({
        method,
        path,
        ...(key && { key }),
        ...(body === undefined ? {} : { body }),
      });
      if (got.status === 401 || got.text.includes('RouteNotFound'))
        shut.push(`${method} ${name} ${got.text}`);
    }
    expect(shut).toEqual([]);
  });
});

/** What is deleted goes last, and what lies within something before it. */
function before(a: (typeof calls)[number], b: (typeof calls)[number]): number {
  const order = (method: string) => ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'].indexOf(method);
  return order(a.method) - order(b.method) || b.route.length - a.route.length;
}

test.each(times)(
  'every route, %s, is shut to every key but its own, as if nothing were there',
  async (_, ms) => {
    await api.world.clock.advance(ms);
    const before = rows();
    let tried = 0;
    for (const { route, method, name } of calls) {
      for (const [whose, key] of foreignKeys(route)) {
        const ask = (tenant: Tenant) => {
          const body = bodyOf(api, route, method, tenant);
          const path = pathOf(route, () => tenant);
          return seen(api, { method, path, ...(key && { key }), ...(body === undefined ? {} : { body }) });
        };
        const foreign = await ask(victim);
        const what = `${method} ${name} with ${whose}`;
        expect(foreign.status, what).toBe(401);
        expect(foreign, what).toEqual(await ask(missing));
        tried++;
      }
    }
    expect(tried).toBeGreaterThan(500);
    expect(rows()).toBe(before);
  },
);

/** What mallory's own keys open has just been looked at: the rest of the reads is for what is named besides. */
async function useOwnKeys(): Promise<void> {
  for (const { route, method } of calls.filter((one) => one.method === 'GET')) {
    const opener = openerOf(route);
    const key = opener === 'operator' ? undefined : mallory.keys[opener][0];
    await api.call({ method, path: pathOf(route, () => mallory), ...(key && { key }) });
  }
}

test.each(times)("with one's own key, %s, somebody else's ids read like missing ones", async (_, ms) => {
  await api.world.clock.advance(ms);
  await useOwnKeys();
  const before = rows();
  let tried = 0;
  for (const { route, method, name } of calls) {
    const opener = openerOf(route);
    if (opener === 'operator') continue;
    const ids = paramNames(route).filter(isOfIds);
    for (const [at, key] of mallory.keys[opener].entries()) {
      for (const foreignIds of choices(ids)) {
        const ask = (other: Tenant) => {
          const path = pathOf(route, (param) => (foreignIds.includes(param) ? other : mallory));
          const body = bodyOf(api, route, method, mallory);
          return seen(api, { method, path, key, ...(body === undefined ? {} : { body }) });
        };
        const foreign = await ask(victim);
        const what = `${method} ${name} with ${foreignIds.join()} of the victim and key ${at}`;
        expect([401, 404], what).toContain(foreign.status);
        expect(foreign, what).toEqual(await ask(missing));
        tried++;
      }
    }
  }
  expect(tried).toBeGreaterThan(100);
  expect(rows()).toBe(before);
});

test("an account's service is found in its own workspace and under its own kind of address only", async () => {
  const { subscriptionId, workspaceId, newService, classicService, keys, planId } = mallory;
  const second = 'b3'.repeat(16);
  const body = { subscriptionId, commitmentPlanId: planId };
  const tied = await api.asOperator({ method: 'PUT', path: `/operator/workspaces/${second}`, body });
  expect(tied.status).toBe(201);
  for (const [path, key] of [
    [`/workspaces/${second}/services/${classicService.serviceId}`, keys.classicService[0]],
    [`/workspaces/${workspaceId}/services/${newService.serviceId}`, keys.newService[0]],
    [`/subscriptions/${subscriptionId}/services/${classicService.serviceId}`, keys.classicService[0]],
  ] as const) {
    const wish = {
      method: 'POST',
      path: `${path}/jobs?api-version=2.0`,
      body: api.jobBody(),
      key: key ?? '',
    };
    expect((await api.call(wish)).status, path).toBe(401);
  }
});

test("a page that begins where somebody else's rows lie shows one's own", async () => {
  const key = mallory.keys.account[0] ?? '';
  const pools = `/poolservice/${mallory.subscriptionId}/pools`;
  for (const path of [pools, `${pools}/${mallory.poolId}/jobs`]) {
    for (const after of [
      'm',
      'a',
      'name|',
      `pool|${victim.poolId}`,
      `job|${victim.newService.jobIds[0]}`,
      "' or 1 eq 1 or '",
      '\u0000',
    ]) {
      const got = await api.call({ path: `${path}?$skiptoken=${encodeURIComponent(after)}`, key });
      const ids = got.text.match(/[0-9a-f]{32}/g) ?? [];
      const known = [mallory.subscriptionId, mallory.poolId, ...mallory.vmIds, mallory.planId];
      expect(got.status).toBeLessThan(500);
      expect(
        ids.filter((id) => !known.includes(id) && !Object.values(mallory.newService).flat().includes(id)),
      ).toEqual([]);
    }
  }
});
