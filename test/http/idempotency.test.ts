/** The Idempotency-Key header on the calls that create (api.md, first lines). */
import { beforeEach, expect, test } from 'vitest';
import { makeApi, read, textIn, type Api } from './api.ts';
import { detailOf } from './calls.ts';

let api: Api;
beforeEach(async () => {
  api = await makeApi();
});

const register = (key: string, body: unknown) =>
  api.asService({
    method: 'POST',
    path: `${api.bes}/jobs?api-version=2.0`,
    headers: { 'idempotency-key': key },
    body,
  });
const create = (key: string, vmCount = 0) =>
  api.asAccount({
    method: 'POST',
    path: `${api.psu}/pools`,
    headers: { 'Idempotency-Key': key },
    body: { vmCount, swaggerUrl: api.swaggerUrl() },
  });

test('a registration that is repeated gives the same job, byte for byte, and says so', async () => {
  const first = await register('order 7', api.jobBody());
  expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([200, null]);
  const again = await register('order 7', api.jobBody({ GlobalParameters: null }));
  // Members that are null count as absent; an empty GlobalParameters does not.
  expect([again.status, detailOf(again).code]).toEqual([409, 'IdempotencyKeyReuse']);
  const replayed = await register('order 7', JSON.stringify(api.jobBody(), undefined, 2));
  expect([replayed.status, replayed.text]).toEqual([200, first.text]);
  expect(replayed.headers.get('idempotency-replayed')).toBe('true');
  expect(replayed.headers.get('content-type')).toBe('application/json');
  expect(textIn(await register('order 8', api.jobBody()))).not.toBe(textIn(first));
  expect(textIn(await api.register(api.jobBody()))).not.toBe(textIn(first));
});

test('the refusal of another body says what to do, and holds no secret', async () => {
  await register('order 7', api.jobBody());
  const got = await register('order 7', api.jobBody({ AzureBatchPoolId: null, Outputs: {} }));
  expect(got.status).toBe(409);
  expect(detailOf(got).message).toMatch(
    /"order 7" was used within the last 24 hours with another body\. Send/,
  );
});

test('a pool that is created again is the same one, as it is now', async () => {
  const first = await create('nightly', 1);
  expect([first.status, first.headers.get('idempotency-replayed')]).toEqual([201, null]);
  const poolId = String(read(first)['poolId']);
  const path = `${api.psu}/pools/${poolId}/resize`;
  await api.asAccount({ method: 'POST', path, body: { vmCount: 2 } });
  const replayed = await create('nightly', 1);
  expect([replayed.status, replayed.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
  expect(replayed.headers.get('location')).toBe(first.headers.get('location'));
  expect(read(replayed)).toMatchObject({ poolId, vmCount: 2 });
  const other = await create('nightly', 3);
  expect([other.status, detailOf(other).code]).toEqual([409, 'IdempotencyKeyReuse']);
});

test.each([
  ['', /Idempotency-Key is empty/],
  [' ', /Idempotency-Key is empty/],
  ['x'.repeat(256), /Idempotency-Key has 256 characters/],
  ['a\u0001b', /Idempotency-Key holds control characters/],
  ['a\tb', /Idempotency-Key holds control characters/],
])('the key %j is refused with a sentence', async (key, message) => {
  for (const got of [await register(key, api.jobBody()), await create(key)]) {
    expect([got.status, detailOf(got).code]).toEqual([400, 'InvalidIdempotencyKey']);
    expect(detailOf(got).message).toMatch(message);
    expect(detailOf(got).message).toMatch(/1 to 255 characters/);
  }
});

test('the longest key is taken, whatever can be read in it', async () => {
  const key = `é"'|/\\?#`.padEnd(255, 'x');
  const first = await register(key, api.jobBody());
  expect((await register(key, api.jobBody())).text).toBe(first.text);
});
