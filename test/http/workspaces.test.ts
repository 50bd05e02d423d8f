/** Classic workspaces and services over HTTP: made, used under their own URLs, and shut to everybody else. */
import { beforeEach, expect, test } from 'vitest';
import { makeApi, namesByPage, read, textIn, valuesIn, type Api } from './api.ts';
import { detailOf, type Wish } from './calls.ts';
import { armOf, serviceBody } from './tenants.ts';
import { endpoint, subscriptionId } from '../app/world.ts';

let api: Api;
beforeEach(async () => {
  api = await makeApi();
});

const workspaceId = 'c1'.repeat(16);
const operatorPath = `/operator/workspaces/${workspaceId}`;
const arm = armOf(subscriptionId);
const tie = { subscriptionId, commitmentPlanId: `${arm}/commitmentPlans/s1` };
const services = `/workspaces/${workspaceId}/webservices`;
const version = 'api-version=2.0';

/** A workspace with the service `old`; gives where its jobs are, and its key. */
async function makeClassic(): Promise<{ path: string; key: string }> {
  expect((await api.asOperator({ method: 'PUT', path: operatorPath, body: tie })).status).toBe(201);
  const made = await api.asAccount({ method: 'PUT', path: `${services}/old`, body: serviceBody(api) });
  expect(made.status).toBe(201);
  const { swaggerLocation } = read(made)['properties'] as { swaggerLocation: string };
  const path = new URL(swaggerLocation).pathname.replace('/swagger.json', '');
  const keys = read(await api.asAccount({ path: `${services}/OLD/listKeys` }));
  return { path, key: String(keys['primary']) };
}

test('the operator makes, reads, changes and deletes a workspace', async () => {
  const made = await api.asOperator({ method: 'PUT', path: operatorPath.replaceAll('c1', 'C1'), body: tie });
  expect(made.status).toBe(201);
  expect(read(made)).toEqual({
    workspaceId,
    subscriptionId,
    commitmentPlanId: expect.stringMatching(/^[0-9a-f]{32}$/),
    createdAt: '2030-01-01T00:00:00.000Z',
  });
  expect((await api.asOperator({ method: 'PUT', path: operatorPath, body: tie })).status).toBe(200);
  expect(read(await api.asOperator({ path: operatorPath }))).toEqual(read(made));
  expect((await api.asAccount({ path: operatorPath })).status).toBe(401);
  const deletion = () => api.asOperator({ method: 'DELETE', path: operatorPath });
  expect((await deletion()).status).toBe(204);
  expect(detailOf(await deletion()).code).toBe('WorkspaceNotFound');
});

test.each<[string, Wish, number, string, RegExp]>([
  ['no plan', { body: { subscriptionId } }, 400, 'RequestBodyInvalid', /commitmentPlanId is missing/],
  [
    'a plan that is none',
    { body: { ...tie, commitmentPlanId: `${arm}/commitmentPlans/s9` } },
    400,
    'CommitmentPlanNotFound',
    /commitmentPlans\/s9", and the account has no such plan: give a plan's id/,
  ],
  [
    'an account that is none',
    { body: { ...tie, subscriptionId: 'ee'.repeat(16) } },
    400,
    'AccountNotFound',
    /"eeeeeeee.*no such account; make it/,
  ],
  [
    'a wrong id',
    { path: '/operator/workspaces/w1', body: tie },
    400,
    'BadWorkspaceId',
    /"w1": it must be 32 hex/,
  ],
])('a workspace with %s is refused', async (_, wish, status, code, message) => {
  const got = await api.asOperator({ method: 'PUT', path: operatorPath, ...wish });
  expect(got.status).toBe(status);
  expect(detailOf(got).code).toBe(code);
  expect(detailOf(got).message).toMatch(message);
});

test('a classic service is made without a plan, read, listed, replaced and deleted', async () => {
  const { path } = await makeClassic();
  expect(path).toMatch(new RegExp(`^/workspaces/${workspaceId}/services/[0-9a-f]{32}$`));
  const got = read(await api.asAccount({ path: `${services}/old` }));
  expect(got).toMatchObject({
    id: `${services}/old`,
    name: 'old',
    properties: { provisioningState: 'Succeeded' },
  });
  expect(got['properties']).not.toHaveProperty('commitmentPlan');
  expect(valuesIn(await api.asAccount({ path: services }))).toEqual([got]);
  expect(valuesIn(await api.asAccount({ path: `${arm}/webServices` }))).toHaveLength(1);
  const again = await api.asAccount({ method: 'PUT', path: `${services}/old`, body: serviceBody(api) });
  expect(again.status).toBe(200);
  const plan = serviceBody(api, { commitmentPlan: { id: tie.commitmentPlanId } });
  const refused = await api.asAccount({ method: 'PUT', path: `${services}/other`, body: plan });
  expect(detailOf(refused).code).toBe('CommitmentPlanNotAllowed');
  const busy = await api.asOperator({ method: 'DELETE', path: operatorPath });
  expect([busy.status, detailOf(busy).code]).toEqual([409, 'WorkspaceHasServices']);
  expect(detailOf(busy).message).toMatch(/1 web service\(s\) \("old"\)/);
  expect((await api.asAccount({ method: 'DELETE', path: `${services}/old` })).status).toBe(204);
  expect(detailOf(await api.asAccount({ path: `${services}/old` })).code).toBe('WebServiceNotFound');
});

test('classic services are listed page by page', async () => {
  await makeClassic();
  for (const name of ['two', 'three']) {
    const put = { method: 'PUT', path: `${services}/${name}`, body: serviceBody(api) };
    expect((await api.asAccount(put)).status).toBe(201);
  }
  const pages = await namesByPage(api.asAccount, `${services}?$top=2`);
  expect(pages.map(({ length }) => length)).toEqual([2, 1]);
  expect(new Set(pages.flat())).toEqual(new Set(['old', 'two', 'three']));
  expect((await namesByPage(api.asAccount, services)).map(({ length }) => length)).toEqual([3]);
  const bad = await api.asAccount({ path: `${services}?$top=0` });
  expect(detailOf(bad).code).toBe('InvalidQueryParameter');
});

test('its jobs are registered, started, asked after and cancelled under its own URLs, on a pool too', async () => {
  const { path, key } = await makeClassic();
  api.world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  const poolId = await api.makePool(1);
  for (const more of [{}, { AzureBatchPoolId: poolId }]) {
    const body = api.jobBody(more);
    const registered = await api.call({ key, method: 'POST', path: `${path}/jobs?${version}`, body });
    const job = `${path}/jobs/${textIn(registered)}`;
    expect((await api.call({ key, method: 'POST', path: `${job}/start?${version}` })).status).toBe(200);
    const status = read(await api.call({ key, path: `${job}?${version}` }));
    expect(status).toMatchObject({
      StatusCode: 'NotStarted',
      PoolId: 'AzureBatchPoolId' in more ? poolId : null,
    });
    expect((await api.call({ key, method: 'DELETE', path: job })).status).toBe(204);
    expect(read(await api.call({ key, path: `${job}?${version}` }))['StatusCode']).toBe('Cancelled');
  }
  const swagger = read(await api.call({ path: `${path}/swagger.json` }));
  expect(swagger).toMatchObject({ basePath: path, info: { title: 'A scorer' } });
  const upload = await api.call({ key, method: 'POST', path: `${path}/uploads`, body: { name: 'data.csv' } });
  expect(upload.status).toBe(201);
});

test('whoever has no business there gets one and the same 401, whether the thing is there or not', async () => {
  const { path, key } = await makeClassic();
  const jobs = `jobs?${version}`;
  const classicId = path.split('/').at(-1) ?? '';
  const newId = api.bes.split('/').at(-1) ?? '';
  const body = api.jobBody();
  const strangers: Wish[] = [
    { key, path: `/subscriptions/${subscriptionId}/services/${classicId}/${jobs}` },
    { key: api.serviceKey, path: `/workspaces/${workspaceId}/services/${newId}/${jobs}` },
    { key: api.serviceKey, path: `${path}/${jobs}` },
    { key, path: `/workspaces/${'ff'.repeat(16)}/services/${classicId}/${jobs}` },
    { key, path: `/workspaces/${workspaceId}/services/${'ff'.repeat(16)}/${jobs}` },
  ];
  const managers: Wish[] = [
    { key, path: `${services}/old` },
    { key: api.accountKey, path: `/workspaces/${'ff'.repeat(16)}/webservices/old` },
  ];
  const got = [
    ...(await Promise.all(strangers.map((wish) => api.call({ method: 'POST', body, ...wish })))),
    ...(await Promise.all(managers.map((wish) => api.call(wish)))),
  ];
  expect(new Set(got.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(got[0]?.status).toBe(401);
  for (const swagger of [
    `/subscriptions/${subscriptionId}/services/${classicId}/swagger.json`,
    `/workspaces/${workspaceId}/services/${newId}/swagger.json`,
  ])
    expect((await api.call({ path: swagger })).status).toBe(404);
});
