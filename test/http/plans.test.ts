/** Commitment plans over HTTP: associations and their moves, usage history, tags, tiers. */
import { beforeEach, expect, test } from 'vitest';
import { makeApi, namesByPage, read, valuesIn, type Api } from './api.ts';
import { arm, serviceBody } from './bes-errors.ts';
import { detailOf } from './calls.ts';
import { planArmId } from '../app/classic-world.ts';
import { bootAll, started, subscriptionId, ticked, workOff } from '../app/world.ts';
import { classicPoolId } from '../../shared/core/ids.ts';

let api: Api;
beforeEach(async () => {
  api = await makeApi();
});

const version = 'api-version=2016-05-01-preview';
const s1 = planArmId('s1');

const putPlan = (name: string, sku: string, more: object = {}) =>
  api.asAccount({
    method: 'PUT',
    path: `${planArmId(name)}?${version}`,
    body: { location: 'local', sku: { name: sku }, ...more },
  });

test('an association is listed, read and moved; the move is shown until it holds', async () => {
  expect((await putPlan('s2', 'S2')).status).toBe(201);
  const { serviceId } = api.world.service;
  const [listed] = valuesIn(await api.asAccount({ path: `${s1}/commitmentAssociations?${version}` }));
  expect(listed).toMatchObject({
    id: `${s1}/commitmentAssociations/${serviceId}`,
    name: serviceId,
    properties: {
      commitmentPlanId: s1,
      associatedResourceId: s1.replace('commitmentPlans/s1', 'webServices/adult'),
    },
  });
  const path = `${s1}/commitmentAssociations/${serviceId}`;
  expect(read(await api.asAccount({ path }))).toEqual(listed);
  const body = { destinationPlanId: planArmId('s2') };
  await api.world.clock.advance(50 * 60_000);
  const moved = await api.asAccount({ method: 'POST', path: `${path}/move?${version}`, body });
  expect(moved.status).toBe(200);
  expect(read(moved)).toMatchObject({ properties: { pendingMove: { from: '2030-01-01T02:00:00.000Z' } } });
  expect(detailOf(await api.asAccount({ method: 'DELETE', path: planArmId('s2') })).code).toBe('PlanInUse');
  await api.world.clock.advance(70 * 60_000);
  expect(valuesIn(await api.asAccount({ path: `${s1}/commitmentAssociations` }))).toEqual([]);
  const there = await api.asAccount({ path: path.replace('/s1/', '/s2/') });
  expect(read(there)['properties'] as object).not.toHaveProperty('pendingMove');
  expect(read(there)).toMatchObject({ properties: { commitmentPlanId: planArmId('s2') } });
  const gone = await api.asAccount({ method: 'POST', path: `${path}/move`, body });
  expect([gone.status, detailOf(gone).code]).toEqual([404, 'CommitmentAssociationNotFound']);
});

test('associations are listed page by page', async () => {
  for (const name of ['two', 'three']) {
    const put = { method: 'PUT', path: `${arm}/webServices/${name}`, body: serviceBody(api) };
    expect((await api.asAccount(put)).status).toBe(201);
  }
  const list = `${s1}/commitmentAssociations?${version}`;
  const pages = await namesByPage(api.asAccount, `${list}&$top=2`);
  expect(pages.map(({ length }) => length)).toEqual([2, 1]);
  expect(await namesByPage(api.asAccount, list)).toEqual([pages.flat()]);
  const bad = await api.asAccount({ path: `${list}&$top=0` });
  expect(detailOf(bad).code).toBe('InvalidQueryParameter');
});

test.each<[string, object, string, RegExp]>([
  ['no destination', {}, 'RequestBodyInvalid', /destinationPlanId is missing/],
  ['a destination that is none', { destinationPlanId: planArmId('s9') }, 'CommitmentPlanNotFound', /s9/],
  [
    'a destination that is no id',
    { destinationPlanId: '%E0%A4%A' },
    'CommitmentPlanNotFound',
    /Create the plan first/,
  ],
])('a move with %s is refused', async (_, body, code, message) => {
  const path = `${s1}/commitmentAssociations/${api.world.service.serviceId}/move`;
  const got = await api.asAccount({ method: 'POST', path, body });
  expect(got.status).toBe(400);
  expect(detailOf(got).code).toBe(code);
  expect(detailOf(got).message).toMatch(message);
});

test('the usage history has a day of a classic job, in hours and transactions', async () => {
  expect(valuesIn(await api.asAccount({ path: `${s1}/usageHistory?${version}` }))).toEqual([]);
  await started(api.world);
  const [vmId = ''] = await bootAll(api.world, classicPoolId);
  await api.world.clock.advance(36 * 60_000);
  await workOff(api.world, vmId);
  for (const _ of [1, 2]) await ticked(api.world);
  expect(valuesIn(await api.asAccount({ path: `${s1}/usageHistory?${version}` }))).toEqual([
    {
      usageDate: '2030-01-01T00:00:00.000Z',
      usage: { StudioComputeHours: 0.6, StudioTransactions: 1 },
      planQuantitiesBeforeUsage: { StudioComputeHours: 25, StudioTransactions: 100_000 },
      planQuantitiesAfterUsage: { StudioComputeHours: 24.4, StudioTransactions: 99_999 },
      planUsageOverage: { StudioComputeHours: 0, StudioTransactions: 0 },
      planMigrationOverage: {},
      planDeletionOverage: {},
    },
  ]);
});

test('a subscription has one DevTest plan, made as one or turned into one', async () => {
  expect((await putPlan('dev', 'DevTest')).status).toBe(201);
  expect((await putPlan('dev', 'DevTest')).status).toBe(200);
  const second = await putPlan('second', 'DevTest');
  expect([second.status, detailOf(second).code]).toEqual([409, 'DevTestPlanExists']);
  expect(detailOf(second).message).toMatch(/"dev" in resource group "rg"/);
  const turned = await api.asAccount({ method: 'PATCH', path: s1, body: { sku: { name: 'DevTest' } } });
  expect(detailOf(turned).code).toBe('DevTestPlanExists');
  expect((await api.asAccount({ method: 'DELETE', path: planArmId('dev') })).status).toBe(200);
  expect((await putPlan('second', 'DevTest')).status).toBe(201);
});

test('PATCH changes tags or tier and leaves the other', async () => {
  await putPlan('s2', 'S2', { tags: { a: 'b' } });
  const patch = (body: object) => api.asAccount({ method: 'PATCH', path: planArmId('s2'), body });
  expect(read(await patch({ sku: { name: 'S3' } }))).toMatchObject({ sku: { name: 'S3' }, tags: { a: 'b' } });
  expect(read(await patch({ tags: { c: 'd' } }))).toMatchObject({ sku: { name: 'S3' } });
  expect(read(await api.asAccount({ path: planArmId('s2') }))['tags']).toEqual({ c: 'd' });
  expect(detailOf(await patch({ sku: { name: 'S33' } })).code).toBe('BadSku');
  const many = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`t${n}`, 'x']));
  expect(detailOf(await patch({ tags: many })).message).toMatch(/tags must have at most 15 members/);
  const missing = await api.asAccount({ method: 'PATCH', path: planArmId('s9'), body: {} });
  expect(detailOf(missing).code).toBe('CommitmentPlanNotFound');
});

test('tiers and operations are listed', async () => {
  const skus = `/subscriptions/${subscriptionId}/providers/Microsoft.MachineLearning/skus?${version}`;
  const tiers = valuesIn(await api.asAccount({ path: skus }));
  expect(tiers.map((one) => (one as { sku: { name: string } }).sku.name)).toEqual([
    'S1',
    'S2',
    'S3',
    'DevTest',
  ]);
  expect((await api.call({ path: skus })).status).toBe(401);
  const operations = valuesIn(
    await api.call({ path: '/providers/Microsoft.MachineLearning/operations?api-version=1' }),
  );
  expect(operations).toContainEqual({
    name: 'Microsoft.MachineLearning/commitmentPlans/commitmentAssociations/move/action',
    display: expect.objectContaining({ provider: 'Millpond', operation: 'Move' }) as unknown,
  });
});
