/** Uploads, the VM protocol, health, the timer, and whatever no function takes. */
import { InvocationContext } from '@azure/functions';
import { beforeEach, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { StoreFault } from '../../shared/app/ports.ts';
import { version } from '../../shared/http/version.ts';
import { finishCall } from '../../shared/http/vm-schemas.ts';
import { makeApi, read, type Api } from './api.ts';
import { arm, serviceBody } from './bes-errors.ts';
import { detailOf } from './calls.ts';
import { serve } from './registered.ts';
import { subscriptionId } from '../app/world.ts';

let api: Api;
beforeEach(async () => {
  api = await makeApi();
});

test('uploads: a URL to PUT to, and the reference for a job', async () => {
  for (const [path, key] of [
    [`${api.bes}/uploads`, api.serviceKey],
    [`/subscriptions/${subscriptionId}/uploads`, api.accountKey],
  ] as const) {
    const got = await api.call({ method: 'POST', path, key, body: { name: 'data é.csv' } });
    expect(got.status).toBe(201);
    expect(read(got)).toMatchObject({
      UploadUrl: expect.stringContaining('sig='),
      Input: {
        ConnectionString: null,
        BaseLocation: expect.stringMatching(/\/$/),
        RelativeLocation: expect.stringMatching(/^millpond-uploads\/.*data%20%C3%A9\.csv$/),
        SasBlobToken: expect.stringMatching(/^\?/),
      },
    });
  }
  const bad = await api.asService({ method: 'POST', path: `${api.bes}/uploads`, body: { name: '../x.csv' } });
  expect([bad.status, detailOf(bad).code]).toEqual([400, 'BadUploadName']);
});

test('half a character names no file and no output, and is let pass from a VM', async () => {
  const path = `${api.bes}/uploads`;
  const upload = await api.asService({ method: 'POST', path, body: { name: '\ud800.csv' } });
  expect([upload.status, detailOf(upload).code]).toEqual([400, 'BadParameterValue']);
  expect(detailOf(upload).message).toMatch(/^name must be a text without half of a surrogate pair/);
  const whole = await api.asService({ method: 'POST', path, body: { name: '\ud83d\ude00.csv' } });
  expect(whole.status).toBe(201);
  const nodes = { m: { assetId: 'model' }, o: { outputId: '\ud800' } };
  const put = await api.asAccount({
    method: 'PUT',
    path: `${arm}/webServices/halved`,
    body: serviceBody(api, { package: { nodes } }),
  });
  expect([put.status, detailOf(put).code]).toEqual([400, 'BadParameterValue']);
  expect(detailOf(put).message).toMatch(
    /^properties\.package\.nodes\.o\.outputId must be a text without half/,
  );
  // What it says of a file may be cut anywhere, and a refusal would cost the job an attempt.
  const tally = { rows: 1, unseen: { count: 1, byColumn: { 'x\ud83d': 1 } } };
  const [nonce, jobId] = ['b'.repeat(32), 'c'.repeat(32)];
  const call = { nonce, jobId, attempt: 1, outcome: { kind: 'finished', ...tally } };
  expect(finishCall.safeParse(call).success).toBe(true);
});

test('the VM protocol refuses what is none of it', async () => {
  const vmId = 'a'.repeat(32);
  const key = api.world.app.secrets.vmToken(vmId);
  const send = (what: string, body: object) =>
    api.call({ method: 'POST', path: `/vm/${vmId}/${what}`, key, body });
  expect(detailOf(await send('hello', { nonce: 'x' })).message).toMatch(/nonce must be 32 hex digits/);
  const finish = { nonce: 'b'.repeat(32), jobId: 'c'.repeat(32), attempt: 1, outcome: { kind: 'eaten' } };
  expect((await send('finish', finish)).status).toBe(400);
  expect(read(await send('hello', { nonce: 'b'.repeat(32) }))).toMatchObject({ kind: 'stop' });
});

test('whatever no function takes is a 404 with the envelope, also a wrong method on our own routes', async () => {
  for (const [method, path] of [
    ['GET', '/nothing'],
    ['PUT', '/health'],
    ['PATCH', `${api.psu}/pools`],
    ['GET', '/operator/accounts/x/y/z'],
    ['POST', `${api.bes}/jobs/x/y/z`],
    ['PUT', '/subscriptions/x/resourceGroups/rg/providers/Microsoft.MachineLearning/webService/a'],
  ] as const) {
    const got = await api.asAccount({ method, path });
    expect(got.status).toBe(404);
    expect(detailOf(got)).toMatchObject({
      code: 'RouteNotFound',
      message: expect.stringContaining(`${method} ${path}`),
    });
  }
  expect((await api.call({ method: 'OPTIONS', path: '/x' })).status).toBe(404);
  expect(await api.call({ method: 'HEAD', path: '/x' })).toMatchObject({ status: 404, text: '' });
});

test('health, with and without storage', async () => {
  expect(read(await api.call({ path: '/health' }))).toMatchObject({
    status: 'ok',
    version: packageJson.version,
    storage: 'ok',
    compute: 'ok',
  });
  expect(version).toBe(packageJson.version);
  const { app } = api.world;
  const get = () => Promise.reject(new StoreFault('unreachable', 'x'));
  serve(async () => ({ ...app, store: { ...app.store, get } }));
  const got = await api.call({ path: '/health' });
  expect([got.status, read(got)['storage']]).toEqual([503, 'unreachable']);
});

test('the timer ticks, and a fault of it ends in the log', async () => {
  const log: string[] = [];
  const context = new InvocationContext({
    logHandler: (_level, ...parts) => void log.push(parts.map(String).join(' ')),
  });
  const run = api.timers.get('tick')?.run;
  await run?.(context);
  expect(log).toEqual([]);
  expect(read(await api.call({ path: '/health' }))['lastTick']).toBe('2030-01-01T00:00:00.000Z');
  serve(() => Promise.reject(new Error('no settings &sig=CanarySignature')));
  await run?.(context);
  expect(log).toEqual([expect.stringMatching(/tick-failed.*no settings/)]);
  expect(log.join()).not.toContain('Canary');
});
