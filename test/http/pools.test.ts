/** The pool service, through the functions and over the in-memory twins. */
import { beforeEach, expect, test } from 'vitest';
import { takeBeat } from '../../shared/app/vm-calls.ts';
import { makeApi, read, valuesIn, type Api } from './api.ts';
import { detailOf, type Wish } from './calls.ts';
import { bootAll, nonceOf } from '../app/world.ts';

let api: Api;
beforeEach(async () => {
  api = await makeApi();
});

test('a pool is made, read, listed, resized and deleted', async () => {
  const poolId = await api.makePool(2);
  const path = `${api.psu}/pools/${poolId}`;
  const pool = read(await api.asAccount({ path }));
  expect(pool).toMatchObject({
    poolId,
    name: null,
    state: 'active',
    vmCount: 2,
    vms: { provisioning: 2, idle: 0, busy: 0, draining: 0, failed: 0 },
    allocationState: 'resizing',
    jobs: { queued: 0, running: 0 },
    billing: { serviceId: api.world.service.serviceId, commitmentPlanId: api.world.service.plans[0]?.planId },
    createdAt: '2030-01-01T00:00:00.000Z',
  });
  await bootAll(api.world, poolId);
  expect(read(await api.asAccount({ path }))).toMatchObject({ vms: { idle: 2 }, allocationState: 'steady' });
  const vms = valuesIn(await api.asAccount({ path: `${path}/vms` }));
  expect(vms).toHaveLength(2);
  expect(vms[0]).toMatchObject({ state: 'idle', since: expect.any(String), readyAt: expect.any(String) });
  expect(valuesIn(await api.asAccount({ path: `${api.psu}/pools` }))).toHaveLength(1);
  const resized = await api.asAccount({
    method: 'POST',
    path: `${path}/resize`,
    body: { vmCount: 0, busyVms: null },
  });
  expect([resized.status, read(resized)['vmCount']]).toEqual([202, 0]);
  const deleted = await api.asAccount({ method: 'DELETE', path: `${path}?jobs=cancel` });
  expect([deleted.status, read(deleted)['state']]).not.toContain('active');
  expect(deleted.status).toBe(202);
});

test('a pool is resizing as long as a VM is on its way out', async () => {
  const poolId = await api.makePool(2);
  await bootAll(api.world, poolId);
  const path = `${api.psu}/pools/${poolId}`;
  await api.asAccount({ method: 'POST', path: `${path}/resize`, body: { vmCount: 1 } });
  expect(read(await api.asAccount({ path }))).toMatchObject({
    vmCount: 1,
    vms: { idle: 1, draining: 1 },
    allocationState: 'resizing',
  });
});

test('the location of a new pool is where it can be read', async () => {
  const body = { vmCount: 0, swaggerUrl: api.swaggerUrl(), name: 'nightly' };
  const made = await api.asAccount({ method: 'POST', path: `${api.psu}/pools`, body });
  const location = new URL(made.headers.get('location') ?? '').pathname;
  expect(read(await api.asAccount({ path: location }))).toMatchObject({
    name: 'nightly',
    allocationState: 'steady',
  });
});

test.each<[string, Wish, string, RegExp]>([
  [
    '-1 VMs',
    { method: 'POST', body: { vmCount: -1, swaggerUrl: 'x' } },
    'BadParameterValue',
    /vmCount must be a whole number from 0 to 1,000; it was -1\./,
  ],
  [
    '1e9 VMs',
    { method: 'POST', body: { vmCount: 1e9, swaggerUrl: 'x' } },
    'BadParameterValue',
    /from 0 to 1,000; it was 1000000000/,
  ],
  [
    'half a VM',
    { method: 'POST', body: { vmCount: 0.5, swaggerUrl: 'x' } },
    'RequestBodyInvalid',
    /whole number/,
  ],
  [
    'more than the quota',
    { method: 'POST', body: { vmCount: 51, swaggerUrl: 'SWAGGER' } },
    'VmQuotaExceeded',
    /at most 50/,
  ],
  [
    'a wrong swagger URL',
    { method: 'POST', body: { vmCount: 1, swaggerUrl: 'http://169.254.169.254/' } },
    'BadSwaggerUrl',
    /swaggerUrl must read/,
  ],
  [
    'a misspelt member',
    { method: 'POST', body: { vmcount: 1, swaggerUrl: 'x' } },
    'RequestBodyInvalid',
    /vmCount/,
  ],
  [
    'a wrong page',
    { path: '?$top=0' },
    'InvalidQueryParameter',
    /\$top must be a whole number from 1 to 1000; it was "0"/,
  ],
  [
    'a wrong status',
    { path: `/${'a'.repeat(32)}/jobs?status=NotStarted` },
    'InvalidQueryParameter',
    /one of registered, queued/,
  ],
  [
    'a wrong time',
    { path: `/${'a'.repeat(32)}/usage?from=yesterday` },
    'InvalidQueryParameter',
    /from must be a time such as/,
  ],
  [
    'times the wrong way round',
    { path: `/${'a'.repeat(32)}/usage?from=2030-01-02&to=2030-01-01` },
    'InvalidQueryParameter',
    /from must not lie after to/,
  ],
  [
    'a wrong way with jobs',
    { method: 'DELETE', path: `/${'a'.repeat(32)}?jobs=keep` },
    'InvalidQueryParameter',
    /"cancel" or left out/,
  ],
  ['a pool that is none', { path: '/xyz' }, 'PoolNotFound', /There is no pool "xyz"/],
])('pools: %s', async (_, wish, code, message) => {
  const body = JSON.stringify(wish.body)?.replace('SWAGGER', api.swaggerUrl());
  const got = await api.asAccount({
    ...wish,
    path: `${api.psu}/pools${wish.path ?? ''}`,
    ...(body === undefined ? {} : { body }),
  });
  expect(got.status).toBeGreaterThanOrEqual(400);
  expect(got.status).toBeLessThan(500);
  expect(detailOf(got).code).toBe(code);
  expect(detailOf(got).message).toMatch(message);
});

test('usage over times that lie far away, or the wrong way round', async () => {
  const poolId = await api.makePool(1);
  const [vmId = ''] = await bootAll(api.world, poolId);
  await api.world.clock.advance(60_000);
  await takeBeat(api.world.app, vmId, { nonce: nonceOf(vmId) });
  const path = `${api.psu}/pools/${poolId}/usage`;
  const whole = read(await api.asAccount({ path }));
  expect(whole['computeMs']).toBe(60_000);
  const beginning = '1970-01-01T00:00:00.000Z';
  for (const from of ['0001-01-01T00:00:00', '1960-01-01', '1970-01-01T00:30:00%2B01:00', '1970-01-01']) {
    const got = await api.asAccount({ path: `${path}?from=${from}&to=9999-12-31T23:59:59.9999999` });
    expect(got.status, from).toBe(200);
    const { computeMs, hours } = whole;
    expect(read(got)).toMatchObject({ from: beginning, to: '9999-12-31T23:59:59.999Z', computeMs, hours });
  }
  const none = read(await api.asAccount({ path: `${path}?from=1960-01-01&to=1969-01-01` }));
  expect(none).toMatchObject({ from: beginning, to: beginning, computeMs: 0, hours: [] });
  for (const query of [
    'from=2099-01-01',
    'from=9999-12-31',
    'to=1969-01-01',
    'from=1961-01-01&to=1960-01-01',
  ]) {
    const got = await api.asAccount({ path: `${path}?${query}` });
    expect([got.status, detailOf(got).code], query).toEqual([400, 'InvalidQueryParameter']);
    expect(detailOf(got).message).toMatch(/^from must not lie after to/);
  }
});
