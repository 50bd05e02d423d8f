import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ended,
  jobBody,
  makePool,
  makeTenant,
  operatorKey,
  putBlob,
  startInstance,
  startJob,
  type Instance,
  type Reply,
  type Tenant,
} from './instance.ts';

let instance: Instance;
let alice: Tenant;
let bob: Tenant;
let bobsPool: string;

beforeAll(async () => {
  instance = await startInstance();
  alice = await makeTenant(instance, 'aa'.repeat(16));
  bob = await makeTenant(instance, 'bb'.repeat(16));
  bobsPool = await makePool(instance, bob, 1);
  await putBlob(instance, 'header.csv', 'age,workclass\n39,Private\n');
});
afterAll(() => instance.stop());

type Envelope = { error: { code: string; message: string; details: { code: string; message: string }[] } };

/** The envelope, whole, on every refusal; gives the detail's code and sentence. */
function refusal(reply: Reply): { status: number; code: string | undefined; text: string } {
  const { error } = reply.json as Envelope;
  expect(reply.headers.get('content-type')).toContain('application/json');
  expect(error.code).toBeTypeOf('string');
  expect(error.message).toBeTypeOf('string');
  expect(error.details.length).toBeGreaterThan(0);
  expect(reply.headers.get('x-ms-request-id')).toBeTruthy();
  return {
    status: reply.status,
    code: error.details[0]?.code,
    text: error.details.map((detail) => detail.message).join(' '),
  };
}

const register = (tenant: Tenant, body?: unknown, key = tenant.serviceKey) =>
  instance.call('POST', `${tenant.servicePath}/jobs?api-version=2.0`, key, body);

const jobsOf = async (tenant: Tenant, poolId: string) =>
  (
    (await instance.call('GET', `${tenant.pools}/${poolId}/jobs`, tenant.accountKey)).json as {
      value: unknown[];
    }
  ).value.length;

describe('a registration is refused with the envelope, and nothing is left of it', () => {
  it.each([
    ['no body', undefined, 400, ''],
    ['an empty body', '', 400, ''],
    ['broken JSON', '{"Input": {', 400, ''],
    ['a list', '[]', 400, ''],
  ])('%s', async (_, body, status, text) => {
    const before = await jobsOf(bob, bobsPool);
    const refused = refusal(await register(bob, body));
    expect(refused.status).toBe(status);
    expect(refused.text).toContain(text);
    expect(await jobsOf(bob, bobsPool)).toBe(before);
  });

  it('an unknown pool', async () => {
    const refused = refusal(await register(alice, jobBody(instance, 'f'.repeat(32), 'x.csv', 'y.csv')));
    expect(refused).toMatchObject({ status: 404, code: 'PoolNotFound' });
    expect(refused.text).toContain('f'.repeat(32));
  });

  it("somebody else's pool, exactly like a missing one", async () => {
    const before = await jobsOf(bob, bobsPool);
    const foreign = refusal(await register(alice, jobBody(instance, bobsPool, 'x.csv', 'y.csv')));
    const missing = refusal(await register(alice, jobBody(instance, 'f'.repeat(32), 'x.csv', 'y.csv')));
    expect({ ...foreign, text: foreign.text.replaceAll(bobsPool, '') }).toEqual({
      ...missing,
      text: missing.text.replaceAll('f'.repeat(32), ''),
    });
    expect(await jobsOf(bob, bobsPool)).toBe(before);
  });

  it('a wrong key and an unknown service, which read alike', async () => {
    const wrongKey = refusal(await register(alice, {}, bob.serviceKey));
    const elsewhere = await instance.call(
      'POST',
      `/subscriptions/${alice.subscriptionId}/services/${'e'.repeat(32)}/jobs?api-version=2.0`,
      alice.serviceKey,
      {},
    );
    expect(wrongKey).toMatchObject({ status: 401, code: 'ScoreRequestUnauthorized' });
    expect(refusal(elsewhere)).toEqual(wrongKey);
  });

  it('a misspelt member, with the nearest one', async () => {
    const refused = refusal(
      await register(alice, { ...jobBody(instance, undefined, 'x.csv', 'y.csv'), GolbalParameters: {} }),
    );
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('GlobalParameters');
  });
});

describe('pools', () => {
  it.each([-1, 1e9, 1.5, '2', null])('with %s VMs are not made', async (vmCount) => {
    const before = (await instance.call('GET', alice.pools, alice.accountKey)).json as { value: unknown[] };
    const refused = refusal(
      await instance.call('POST', alice.pools, alice.accountKey, { vmCount, swaggerUrl: alice.swaggerUrl }),
    );
    expect([400, 409]).toContain(refused.status);
    expect(refused.text).toMatch(/vmCount|VMs/);
    const after = (await instance.call('GET', alice.pools, alice.accountKey)).json as { value: unknown[] };
    expect(after.value).toHaveLength(before.value.length);
  });

  it('of others cannot be seen, resized or deleted', async () => {
    for (const [method, path, body] of [
      ['GET', `${alice.pools}/${bobsPool}`],
      ['GET', `${alice.pools}/${bobsPool}/vms`],
      ['GET', `${alice.pools}/${bobsPool}/jobs`],
      ['GET', `${alice.pools}/${bobsPool}/usage`],
      ['POST', `${alice.pools}/${bobsPool}/resize`, { vmCount: 0 }],
      ['DELETE', `${alice.pools}/${bobsPool}`],
    ] as const) {
      expect(refusal(await instance.call(method, path, alice.accountKey, body))).toMatchObject({
        status: 404,
        code: 'PoolNotFound',
      });
    }
    expect(refusal(await instance.call('GET', bob.pools, alice.accountKey)).status).toBe(401);
    expect(
      refusal(await instance.call('PUT', `/operator/accounts/${alice.subscriptionId}`, alice.accountKey, {}))
        .status,
    ).toBe(401);
  });
});

describe('a job whose data is at fault', () => {
  it('without its blob is refused at the start with the place, and ends failed with it', async () => {
    const registered = await register(bob, jobBody(instance, bobsPool, 'nothing.csv', 'y.csv'));
    const path = `${bob.servicePath}/jobs/${registered.json as string}`;
    const refused = refusal(await instance.call('POST', `${path}/start?api-version=2.0`, bob.serviceKey));
    expect(refused).toMatchObject({ status: 400, code: 'BlobNotFound' });
    expect(refused.text).toContain('data/nothing.csv');
    const status = await ended(instance, bob, path);
    expect(status).toMatchObject({ StatusCode: 'Failed', Results: null });
    expect(status.Details).toContain('data/nothing.csv');
  });

  it('with a header that does not fit names the columns that are missing', async () => {
    const status = await ended(
      instance,
      bob,
      await startJob(instance, bob, jobBody(instance, bobsPool, 'header.csv', 'y.csv')),
    );
    expect(status.StatusCode).toBe('Failed');
    expect(status.Details).toMatch(/header\.csv.*fnlwgt|header\.csv.*education/);
  });

  it('with letters where a number belongs names file, line and column, and writes no output', async () => {
    const { censusCsv } = await import('../../shared/samples/adult-census/census-csv.ts');
    let text = '';
    for await (const chunk of censusCsv({ rows: 10, seed: 3 })) text += chunk;
    const lines = text.split('\n');
    lines[4] = lines[4]?.replace(/^[^,]*/, 'abc') ?? '';
    await putBlob(instance, 'letters.csv', lines.join('\n'));
    const status = await ended(
      instance,
      bob,
      await startJob(instance, bob, jobBody(instance, bobsPool, 'letters.csv', 'never.csv')),
    );
    expect(status.StatusCode).toBe('Failed');
    expect(status.Details).toContain(
      'letters.csv line 5 (row 4), column \'age\': expected a number, found "abc"',
    );
    expect(await instance.data.getBlobClient('never.csv').exists()).toBe(false);
  });
});

describe('everything else', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/nothing/here'],
    ['PATCH', '/health'],
    ['DELETE', '/operator/accounts'],
  ])('%s %s is 404 with the envelope', async (method, path) => {
    expect(refusal(await instance.call(method, path, operatorKey)).status).toBe(404);
  });
});
