/** The operator's calls, and whose key opens what, through the functions and over the in-memory twins. */
import { beforeEach, expect, test } from 'vitest';
import { makeApi, read, valuesIn, type Api } from './api.ts';
import { detailOf, type Wish } from './calls.ts';
import { subscriptionId } from '../app/world.ts';

let api: Api;
beforeEach(async () => {
  api = await makeApi();
});

test('the operator makes, reads, changes, lists and deletes accounts, and rotates their keys', async () => {
  const path = '/operator/accounts/ABCDEFAB-0123-4567-89AB-000000000001';
  const id = 'abcdefab0123456789ab000000000001';
  const made = await api.asOperator({ method: 'PUT', path, body: { maxPools: 3, maxVmsPerPool: 8 } });
  expect(made.status).toBe(201);
  const account = {
    subscriptionId: id,
    maxPools: 3,
    maxVmsPerPool: 8,
    pools: 0,
    poolServiceUrl: `http://127.0.0.1:7071/poolservice/${id}`,
  };
  expect(read(made)).toEqual(account);
  expect(
    (await api.asOperator({ method: 'PUT', path, body: { maxPools: 4, maxVmsPerPool: 8 } })).status,
  ).toBe(200);
  expect(read(await api.asOperator({ path }))).toEqual({ ...account, maxPools: 4 });
  const page = read(await api.asOperator({ path: '/operator/accounts?$top=1' }));
  expect(page['value']).toHaveLength(1);
  const rest = String(page['nextLink']).replace('http://127.0.0.1:7071', '');
  const second = valuesIn(await api.asOperator({ path: rest }));
  expect(second).toHaveLength(1);
  expect(second).not.toEqual(page['value']);
  const keys = read(await api.asOperator({ method: 'POST', path: `${path}/listKeys` }));
  expect(keys['primary']).toMatch(/^[A-Za-z0-9+/]{86}==$/);
  const rotated = await api.asOperator({
    method: 'POST',
    path: `${path}/regenerateKey`,
    body: { keyName: 'primary' },
  });
  expect(read(rotated)).toMatchObject({ secondary: keys['secondary'] });
  expect(read(rotated)['primary']).not.toBe(keys['primary']);
  expect((await api.asOperator({ method: 'DELETE', path })).status).toBe(204);
  expect(detailOf(await api.asOperator({ path })).code).toBe('AccountNotFound');
});

test.each<[string, Wish, number, string, RegExp]>([
  [
    'no quotas',
    { method: 'PUT', body: {} },
    400,
    'RequestBodyInvalid',
    /maxPools is missing: it must be a whole number from 0 to 1,000\./,
  ],
  [
    'negative quotas',
    { method: 'PUT', body: { maxPools: -1, maxVmsPerPool: 1 } },
    400,
    'BadParameterValue',
    /from 0 to 1,000; it was -1\./,
  ],
  [
    'a huge quota',
    { method: 'PUT', body: { maxPools: 1, maxVmsPerPool: 1e9 } },
    400,
    'BadParameterValue',
    /it was 1000000000\./,
  ],
  [
    'a wrong id',
    { method: 'PUT', path: '/operator/accounts/xyz', body: { maxPools: 1, maxVmsPerPool: 1 } },
    400,
    'BadSubscriptionId',
    /"xyz": it must be 32 hex digits/,
  ],
  [
    'a wrong key name',
    {
      method: 'POST',
      path: `/operator/accounts/${subscriptionId}/regenerateKey`,
      body: { keyName: 'third' },
    },
    400,
    'BadParameterValue',
    /"primary" or "secondary"; it was "third"/,
  ],
])('the operator: %s', async (_, wish, expected, code, message) => {
  const got = await api.asOperator({ path: `/operator/accounts/${subscriptionId}`, ...wish });
  expect(got.status).toBe(expected);
  expect(detailOf(got).code).toBe(code);
  expect(detailOf(got).message).toMatch(message);
});

test('every key opens only what is its own', async () => {
  const other = (await api.call({ key: api.accountKey, path: '/operator/accounts' })).status;
  const foreign = await api.call({ key: api.accountKey, path: `/poolservice/${'cd'.repeat(16)}/pools` });
  const service = await api.call({
    key: api.accountKey,
    path: `${api.bes}/jobs/${'0'.repeat(32)}?api-version=2.0`,
  });
  const pool = await api.call({ key: api.serviceKey, path: `${api.psu}/pools` });
  const vm = await api.call({
    key: api.serviceKey,
    method: 'POST',
    path: `/vm/${'0'.repeat(32)}/hello`,
    body: {},
  });
  expect([other, foreign.status, service.status, pool.status, vm.status]).toEqual([401, 401, 401, 401, 401]);
});
