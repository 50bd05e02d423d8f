/** What a caller may ask for at most: sizes, counts, depth and speed, each told with its number and its remedy. */
import { setImmediate as turn } from 'node:timers/promises';
import { HttpRequest } from '@azure/functions';
import { beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../../shared/core/limits.ts';
import { readBody } from '../../shared/http/read-body.ts';
import { makeTurnstile } from '../../shared/http/turnstile.ts';
import { endpoint } from '../app/world.ts';
import { makeApi, read, textIn, type Api } from './api.ts';
import { detailOf, type Got } from './calls.ts';
import { armOf, makeTenant, serviceBody, serviceName, type Tenant } from './tenants.ts';

let api: Api;
let tenant: Tenant;
beforeEach(async () => {
  api = await makeApi();
  api.world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  tenant = await makeTenant(api, 'a1'.repeat(16), 'a2'.repeat(16));
});

const many = <T>(count: number, one: (index: number) => readonly [string, T]) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => one(index)));

function putService(properties: object): Promise<Got> {
  const arm = armOf(tenant.subscriptionId);
  const commitmentPlan = { id: `${arm}/commitmentPlans/s1` };
  const body = serviceBody(api, { commitmentPlan, ...properties });
  const key = tenant.keys.account[0] ?? '';
  return api.call({ method: 'PUT', path: `${arm}/webServices/big`, key, body });
}

/** Where its jobs are, and its key. */
async function makeService(properties: object): Promise<{ path: string; key: string }> {
  const made = await putService(properties);
  expect(made.status).toBe(201);
  const { swaggerLocation } = read(made)['properties'] as { swaggerLocation: string };
  const path = `${armOf(tenant.subscriptionId)}/webServices/big/listKeys`;
  const keys = read(await api.call({ path, key: tenant.keys.account[0] ?? '' }));
  return {
    path: new URL(swaggerLocation).pathname.replace('/swagger.json', '/jobs'),
    key: String(keys['primary']),
  };
}

const nodes = (inputs: number) => ({
  package: {
    nodes: {
      m: { assetId: 'model' },
      o: { outputId: 'output1' },
      ...many(inputs, (index) => [`n${index}`, { inputId: `input${index}` }]),
    },
  },
});

describe('a web service', () => {
  test.each<[string, object, RegExp]>([
    ['3,000 parameters', { parameters: many(3_000, (i) => [`p${i}`, { value: 'x' }]) }, /at most 16,000/],
    ['a default of 60,000 characters', { parameters: { p: { value: 'x'.repeat(60_000) } } }, /shorten them/],
    ['a name of 60,000 characters', { parameters: { ['p'.repeat(60_000)]: {} } }, /60,0\d\d characters/],
    ['two inputs', nodes(2), /2 nodes with an inputId \("input0", "input1"\): .* keep one of them/],
    ['100 inputs', nodes(100), /100 nodes with an inputId \(.*"input4", \.\.\.\): /],
  ])('of %s is refused', async (_, properties, message) => {
    const got = await putService(properties);
    expect(got.status).toBe(400);
    expect(detailOf(got).message).toMatch(message);
  });

  test('that grows by a change is held to the same end', async () => {
    const path = `${armOf(tenant.subscriptionId)}/webServices/${serviceName}`;
    const key = tenant.keys.account[0] ?? '';
    const patch = (value: string) =>
      api.call({ method: 'PATCH', path, key, body: { properties: { parameters: { p: { value } } } } });
    expect((await patch('x'.repeat(limits.serviceCharsMax - 100))).status).toBe(200);
    const got = await patch('x'.repeat(60_000));
    expect(got.status).toBe(400);
    expect(detailOf(got).message).toMatch(/60,0\d\d characters as JSON: at most 16,000 are kept/);
  });

  test('does not get a second input by a change either', async () => {
    const path = `${armOf(tenant.subscriptionId)}/webServices/${serviceName}`;
    const { properties } = serviceBody(api, nodes(2)) as { properties: object };
    const got = await api.call({
      method: 'PATCH',
      path,
      key: tenant.keys.account[0] ?? '',
      body: { properties },
    });
    expect(got.status).toBe(400);
    expect(detailOf(got).code).toBe('MultipleInputsNotAllowed');
  });

  test('of as many inputs as there may be takes a job that names each', async () => {
    const { path, key } = await makeService(nodes(limits.inputsMax));
    const { Input } = api.jobBody() as { Input: object };
    const body = api.jobBody({
      Input: null,
      Inputs: many(limits.inputsMax, (index) => [`input${index}`, Input]),
    });
    const registered = await api.call({ method: 'POST', path: `${path}?api-version=2.0`, key, body });
    expect(registered.status, registered.text).toBe(200);
    const start = `${path}/${textIn(registered)}/start?api-version=2.0`;
    expect((await api.call({ method: 'POST', path: start, key })).status).toBe(200);
  });
});

const jobs = () =>
  `/subscriptions/${tenant.subscriptionId}/services/${tenant.newService.serviceId}/jobs?api-version=2.0`;
const register = (body: unknown, headers: Record<string, string> = {}) =>
  api.call({ method: 'POST', path: jobs(), key: tenant.keys.newService[0] ?? '', body, headers });

describe('a registration', () => {
  test('whose body is a byte too long is 413, whatever its header says', async () => {
    const text = JSON.stringify(api.jobBody());
    const padded = (bytes: number) => text + ' '.repeat(bytes - Buffer.byteLength(text));
    expect((await register(padded(limits.jobBodyBytesMax))).status).toBe(200);
    const got = await register(padded(limits.jobBodyBytesMax + 1));
    expect(got.status).toBe(413);
    expect(detailOf(got).code).toBe('RequestBodyTooLarge');
    expect(detailOf(got).message).toContain('262144 bytes');
    expect((await register('{}', { 'content-length': '300000' })).status).toBe(413);
  });

  test('that fits into its limit but not into a row is 413 too', async () => {
    const { path, key } = await makeService({ parameters: { note: { value: '' } } });
    const send = (note: string) => {
      const body = api.jobBody({ GlobalParameters: { note } });
      return api.call({ method: 'POST', path: `${path}?api-version=2.0`, key, body });
    };
    expect((await send('x'.repeat(limits.specBytesMax - 2_000))).status).toBe(200);
    const got = await send('x'.repeat(200_000));
    expect(got.status).toBe(413);
    expect(detailOf(got).message).toMatch(/at most 190,000 are kept/);
  });

  test.each(['[', '{"a":'])('of 50,000 levels of %s is refused', async (opening) => {
    const got = await register(`{"GlobalParameters":${opening.repeat(50_000)}`);
    expect(got.status).toBe(400);
    expect(detailOf(got).message).toMatch(/within each other/);
  });

  test.each(['__proto__', 'constructor', 'toString'])(
    'with a member %s changes nothing for anybody',
    async (name) => {
      const text = JSON.stringify(api.jobBody()).replace(
        '"GlobalParameters":{}',
        `"GlobalParameters":{"${name}":{"isAdmin":true}}`,
      );
      expect(text).toContain(name);
      const got = await register(text);
      expect(got.status).toBe(400);
      expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
      for (const body of [
        { Outputs: { [name]: { RelativeLocation: 'x' } } },
        { Input: null, Inputs: { [name]: { RelativeLocation: 'x' } } },
      ]) {
        expect((await register(api.jobBody(body))).status).toBe(400);
      }
    },
  );
});

test('a body that does not come to its end in time is 408', async () => {
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{')),
  });
  const request = new HttpRequest({ method: 'POST', url: 'http://x/' });
  Object.defineProperty(request, 'body', { value: body });
  const got = await readBody(request, 100, 20);
  expect(got).toMatchObject({ kind: 'refused', status: 408, code: 'RequestTimeout' });
});

describe('the turnstile', () => {
  test('lets so many of a key and of all in, and the next when one has left', () => {
    const enter = makeTurnstile({ perKeyMax: 2, allMax: 3 });
    const first = enter('a');
    expect([first.kind, enter('a').kind, enter('a').kind]).toEqual(['admitted', 'admitted', 'refused']);
    expect([enter('b').kind, enter('b').kind, enter('c').kind]).toEqual(['admitted', 'refused', 'refused']);
    if (first.kind === 'admitted') first.leave();
    expect(enter('c').kind).toBe('admitted');
  });

  test('is before registrations only: 503 with Retry-After, and nothing was done', async () => {
    const waiting: (() => void)[] = [];
    api.world.table.onCall = (call) =>
      call.op === 'transact' ? new Promise((resolve) => waiting.push(() => resolve(undefined))) : undefined;
    const under = Array.from({ length: limits.registersPerKeyMax }, () => register(api.jobBody()));
    while (waiting.length < limits.registersPerKeyMax) await turn();
    const got = await register(api.jobBody());
    expect(got.status).toBe(503);
    expect(detailOf(got).code).toBe('RequestThrottled');
    expect(got.headers.get('retry-after')).toMatch(/^\d+$/);
    const status = await api.call({
      path: jobs().replace('?', `/${tenant.newService.jobIds[0]}?`),
      key: tenant.keys.newService[0] ?? '',
    });
    expect(status.status).toBe(200);
    api.world.table.onCall = undefined;
    for (const go of waiting) go();
    for (const one of await Promise.all(under)) expect(one.status).toBe(200);
    expect((await register(api.jobBody())).status).toBe(200);
  });
});

test('polls without pause are held up for a moment, each service for itself, and every one is answered', async () => {
  const path = (service: 'newService' | 'classicService') => {
    const owner =
      service === 'newService'
        ? `subscriptions/${tenant.subscriptionId}`
        : `workspaces/${tenant.workspaceId}`;
    return `/${owner}/services/${tenant[service].serviceId}/jobs/${tenant[service].jobIds[1]}?api-version=2.0`;
  };
  const poll = (service: 'newService' | 'classicService') =>
    api.call({ path: path(service), key: tenant.keys[service][0] ?? '' });
  const { clock } = api.world;
  for (let polls = 0; polls < limits.pollsBurst; polls++) expect((await poll('newService')).status).toBe(200);
  let held: 'yes' | 'no' = 'yes';
  const next = poll('newService').finally(() => (held = 'no'));
  expect((await poll('classicService')).status).toBe(200);
  expect(held).toBe('yes');
  await clock.advance(limits.pollDelayMsMax);
  expect((await next).status).toBe(200);
});

test('polls that are held up share one look, which is none that was begun before they came', async () => {
  const { clock, table } = api.world;
  const job = jobs().replace('?', `/${tenant.newService.jobIds[1]}?`);
  const key = tenant.keys.newService[0] ?? '';
  const poll = () => api.call({ path: job, key });
  for (let polls = 0; polls < limits.pollsBurst; polls++) await poll();
  table.resetCounts();
  const before = Array.from({ length: 50 }, poll);
  await clock.advance(limits.pollDelayMsMax / 2);
  expect((await api.call({ method: 'DELETE', path: job, key })).status).toBe(204);
  const after = Array.from({ length: 50 }, poll);
  await clock.advance(2 * limits.pollDelayMsMax);
  const stateOf = (got: Got) => (JSON.parse(got.text) as { StatusCode: string }).StatusCode;
  for (const got of await Promise.all(before)) expect(got.status).toBe(200);
  expect(new Set((await Promise.all(after)).map(stateOf))).toEqual(new Set(['Cancelled']));
  expect(table.counts.gets).toBeLessThan(60);
});
