/** The Batch Execution Service as its clients call it: register, start, status, cancel. */
import { beforeEach, expect, test } from 'vitest';
import { makeApi, read, textIn, valuesIn, type Api } from './api.ts';
import { arm, serviceBody } from './bes-errors.ts';
import { detailOf } from './calls.ts';
import { limits } from '../../shared/core/limits.ts';
import { bootAll, endpoint, nonceOf, subscriptionId, ticked } from '../app/world.ts';

let api: Api;
beforeEach(async () => {
  api = await makeApi();
});

test('a job from registration to its result, with a VM in between', async () => {
  const poolId = await api.makePool(1);
  await bootAll(api.world, poolId);
  api.world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  const registered = await api.register(api.jobBody({ AzureBatchPoolId: poolId }));
  expect(registered.status).toBe(200);
  expect(registered.headers.get('content-type')).toBe('application/json');
  expect(registered.text).toMatch(/^"[0-9a-f]{32}"$/);
  const jobId = textIn(registered);
  expect(read(await api.status(jobId))).toMatchObject({
    StatusCode: 'NotStarted',
    Results: null,
    Details: null,
  });
  expect([(await api.start(jobId)).status, (await api.start(jobId)).status]).toEqual([200, 200]);
  const running = read(await api.status(jobId));
  expect(running).toMatchObject({ StatusCode: 'Running', Results: null, Attempt: 1, PoolId: poolId });
  const vmId = String(running['VmId']);
  const vm = (what: string, body: object) =>
    api.call({
      method: 'POST',
      path: `/vm/${vmId}/${what}`,
      key: api.world.app.secrets.vmToken(vmId),
      body: { nonce: nonceOf(vmId), ...body },
    });
  expect(read(await vm('hello', {}))).toEqual({ kind: 'welcome' });
  expect(read(await vm('next', {}))).toMatchObject({ kind: 'work', assignment: { jobId, attempt: 1 } });
  const job = { jobId, attempt: 1 };
  expect(read(await vm('beat', { job: { ...job, rowsDone: 7 } }))).toEqual({ kind: 'go-on' });
  expect(read(await api.status(jobId))['RowsDone']).toBe(7);
  const listed = valuesIn(await api.asAccount({ path: `${api.psu}/pools/${poolId}/jobs?status=Running` }));
  expect(listed).toEqual([expect.objectContaining({ jobId, status: 'running', rowsDone: 7, vmId })]);
  expect(read(await vm('finish', { ...job, outcome: { kind: 'finished', rows: 9 } }))).toMatchObject({
    kind: 'wait',
  });
  const finished = await api.status(jobId);
  expect(finished.headers.get('retry-after')).toBeNull();
  expect(read(finished)).toMatchObject({
    StatusCode: 'Finished',
    RowsDone: 9,
    Details: null,
    Results: {
      output1: {
        ConnectionString: null,
        BaseLocation: `${endpoint}/`,
        RelativeLocation: 'outputs/scored%20%C3%A9.csv',
        SasBlobToken: expect.stringMatching(/^\?/),
      },
    },
  });
  const gone = await api.asService({ method: 'DELETE', path: `${api.bes}/jobs/${jobId}` });
  expect(gone.status).toBe(204);
  expect(read(await api.status(jobId))['StatusCode']).toBe('Finished');
  expect(read(await vm('bye', {}))).toEqual({ kind: 'bye' });
  await api.world.clock.advance(limits.resultSasMs + limits.sweepRestMs);
  await ticked(api.world);
  // Clients join the three texts: the last one is none, and why is said beside.
  expect(read(await api.status(jobId))).toMatchObject({
    StatusCode: 'Finished',
    Results: { output1: { RelativeLocation: 'outputs/scored%20%C3%A9.csv', SasBlobToken: '' } },
    Reason: expect.stringMatching(/"output1" has expired: read the blob/),
  });
  const usage = read(await api.asAccount({ path: `${api.psu}/pools/${poolId}/usage` }));
  expect(usage).toMatchObject({
    computeMs: expect.any(Number),
    posted: { computeMs: expect.any(Number) },
    hours: expect.any(Array),
    plan: {
      commitmentPlanId: api.world.service.plans[0]?.planId,
      currency: 'USD',
      overage: { computeMs: 0 },
    },
  });
});

test("the article's way of writing: line breaks in the connection string, comments, Markdown's backslash", async () => {
  const text = JSON.stringify(api.jobBody())
    .replaceAll(';Endpoint', ';\n      Endpoint')
    .replaceAll('scored é', 'scored\\_é');
  const broken = text.replaceAll('\\n', '\n').replace('{', '{ // comment\n').replace(/\}$/, ',}');
  expect((await api.register(broken)).status).toBe(200);
});

test('an input that is missing at the start is a 400, and the job has failed with it', async () => {
  const jobId = textIn(await api.register(api.jobBody()));
  const got = await api.start(jobId);
  expect([got.status, detailOf(got).code]).toEqual([400, 'BlobNotFound']);
  expect(read(await api.status(jobId))).toMatchObject({
    StatusCode: 'Failed',
    Details: detailOf(got).message,
  });
});

test('a service without inputs takes a body of parameters alone, and a VM gets no input', async () => {
  const poolId = await api.makePool(1);
  const [vmId = ''] = await bootAll(api.world, poolId);
  const nodes = { score: { assetId: 'model' }, output1: { outputId: 'output1' } };
  const more = { package: { nodes }, parameters: { age: {} } };
  const path = `${arm}/webServices/lone`;
  const made = await api.asAccount({ method: 'PUT', path, body: serviceBody(api, more) });
  const { swaggerLocation } = read(made)['properties'] as { swaggerLocation: string };
  const jobs = new URL(swaggerLocation).pathname.replace('swagger.json', 'jobs');
  const key = String(read(await api.asAccount({ path: `${path}/listKeys` }))['primary']);
  const body = { GlobalParameters: { age: 39 }, AzureBatchPoolId: poolId };
  const registered = await api.call({ key, method: 'POST', path: `${jobs}?api-version=2.0`, body });
  const job = `${jobs}/${textIn(registered)}`;
  expect((await api.call({ key, method: 'POST', path: `${job}/start?api-version=2.0` })).status).toBe(200);
  const next = await api.call({
    method: 'POST',
    path: `/vm/${vmId}/next`,
    key: api.world.app.secrets.vmToken(vmId),
    body: { nonce: nonceOf(vmId) },
  });
  expect(read(next)).toMatchObject({ kind: 'work', assignment: { inputs: {}, parameters: { age: 39 } } });
});

test('a cancelled job cannot be started', async () => {
  const jobId = textIn(await api.register(api.jobBody()));
  expect(
    (await api.asService({ method: 'DELETE', path: `${api.bes}/jobs/${jobId}?api-version=2.0`, body: '' }))
      .status,
  ).toBe(204);
  expect(read(await api.status(jobId))['StatusCode']).toBe('Cancelled');
  const got = await api.start(jobId);
  expect([got.status, detailOf(got).code]).toEqual([400, 'CannotStartJob']);
});

test('a running job is cancelled at once, and its VM is told to let go of it', async () => {
  const poolId = await api.makePool(1);
  const [vmId = ''] = await bootAll(api.world, poolId);
  api.world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  const jobId = textIn(await api.register(api.jobBody({ AzureBatchPoolId: poolId })));
  await api.start(jobId);
  expect(read(await api.status(jobId))['StatusCode']).toBe('Running');
  expect((await api.asService({ method: 'DELETE', path: `${api.bes}/jobs/${jobId}` })).status).toBe(204);
  expect(read(await api.status(jobId))).toMatchObject({
    StatusCode: 'Cancelled',
    Results: null,
    Details: null,
  });
  const beat = await api.call({
    method: 'POST',
    path: `/vm/${vmId}/beat`,
    key: api.world.app.secrets.vmToken(vmId),
    body: { nonce: nonceOf(vmId), job: { jobId, attempt: 1, rowsDone: 3 } },
  });
  expect(read(beat)).toEqual({ kind: 'drop' });
});

test.each(['', '{}', 'grant_type=x', '{broken'])('start never minds its body (%j)', async (body) => {
  api.world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  const jobId = textIn(await api.register(api.jobBody()));
  expect(
    (await api.asService({ method: 'POST', path: `${api.bes}/jobs/${jobId}/start?api-version=2.0`, body }))
      .status,
  ).toBe(200);
});

test.each<[string, string, string, RegExp]>([
  ['no version', '/jobs', 'BadVersionCall', /api-version is missing, which means API 1\.0/],
  ['an old version', '/jobs?api-version=1.0', 'BadVersionCall', /api-version is "1\.0": call with/],
])('%s', async (_, path, code, message) => {
  const got = await api.asService({ method: 'POST', path: api.bes + path, body: api.jobBody() });
  expect([got.status, detailOf(got).code]).toEqual([400, code]);
  expect(detailOf(got).message).toMatch(message);
});

test.each<[string, string, string, RegExp]>([
  [
    'GET',
    '/subscriptions/{id}/services/{service}/jobs/{job}',
    'BadSubscriptionId',
    /"\{id\}": it must be 32/,
  ],
  [
    'POST',
    '/subscriptions/{subscription}/services/adult/jobs',
    'WebServiceIdInvalid',
    /"adult": it must be 32/,
  ],
  ['GET', '/workspaces/w1/services/{service}/jobs/{job}', 'BadWorkspaceId', /"w1": it must be 32 hex digits/],
  ['POST', '/workspaces/{workspace}/services/adult/jobs', 'WebServiceIdInvalid', /"adult": it must be 32/],
])('%s %s says which id is none', async (method, path, code, message) => {
  const url = path
    .replace('{subscription}', subscriptionId)
    .replace('{service}', api.world.service.serviceId)
    .replace('{workspace}', 'c1'.repeat(16));
  const got = await api.asService({ method, path: encodeURI(`${url}?api-version=2.0`) });
  expect([got.status, detailOf(got).code]).toEqual([400, code]);
  expect(detailOf(got).message).toMatch(message);
});

test.each(['GET', 'DELETE'])('%s of the jobs of a service says that the id is missing', async (method) => {
  const got = await api.asService({ method, path: `${api.bes}/jobs?api-version=2.0` });
  expect([got.status, detailOf(got).code]).toEqual([400, 'MissingJobId']);
});

test('ids come in any case, the subscription with and without dashes', async () => {
  const jobId = textIn(await api.register(api.jobBody()));
  const dashed = subscriptionId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const service = api.world.service.serviceId;
  for (const id of [dashed, dashed.toUpperCase(), subscriptionId.toUpperCase()]) {
    const path = `/subscriptions/${id}/services/${service.toUpperCase()}/jobs/${jobId.toUpperCase()}?api-version=2.0`;
    expect(read(await api.asService({ path }))['StatusCode']).toBe('NotStarted');
  }
});

test('what clients send without meaning anything by it is ignored', async () => {
  const ref = { ...(api.jobBody() as { Input: object }).Input, FullURL: 'https://x', Banana: null };
  expect(
    (await api.register(api.jobBody({ Input: ref, Inputs: {}, AzureBatchPoolId: null, Banana: null })))
      .status,
  ).toBe(200);
  const nothing = { ConnectionString: null, BaseLocation: null, RelativeLocation: null, SasBlobToken: null };
  expect(
    (await api.register(api.jobBody({ Outputs: { output1: nothing }, GlobalParameters: null }))).status,
  ).toBe(200);
});

test('a body of more than 256 KiB is a 413', async () => {
  const got = await api.register(api.jobBody({ GlobalParameters: { x: 'y'.repeat(256 * 1024) } }));
  expect([got.status, detailOf(got).code]).toEqual([413, 'RequestBodyTooLarge']);
});

test('a job of another service reads like a missing one', async () => {
  expect(detailOf(await api.status('f'.repeat(32))).code).toBe('JobNotFound');
  expect(detailOf(await api.status('../../x')).code).toBe('RouteNotFound');
});
