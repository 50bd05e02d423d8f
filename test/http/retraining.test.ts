/**
 * Retraining of a classic service: another model by the endpoint's key, for the jobs that are registered afterwards.
 */
import { beforeEach, expect, test } from 'vitest';
import { makeApi, read, textIn, type Api } from './api.ts';
import { detailOf } from './calls.ts';
import { contentOf, makeClassic, makeWorkspace, storageKey, workspaceId } from '../app/classic-world.ts';
import { connectionString, endpoint, ok } from '../app/world.ts';
import { putClassicService } from '../../shared/app/classic-services.ts';
import { openSpec } from '../../shared/app/job-spec.ts';
import { definitionOf, storageOf } from '../../shared/app/service-definition.ts';
import type { Service } from '../../shared/core/service.ts';

let api: Api;
let service: Service;
let key: string;
beforeEach(async () => {
  api = await makeApi();
  service = await makeClassic(api.world, await makeWorkspace(api.world, 's1'));
  key = api.world.app.secrets.key({ kind: 'service', id: service.serviceId }, 'primary', 1);
  api.world.blobs.put({ endpoint, container: 'models', name: 'newer.onnx' }, 'newer');
});

const reference = (name: string, more: object = {}) => ({
  ConnectionString: connectionString(api.world),
  RelativeLocation: `models/${name}`,
  BaseLocation: null,
  SasBlobToken: null,
  FullURL: 'https://x',
  ...more,
});

const patch = (body: unknown, name = 'default') => {
  const path = `/workspaces/${workspaceId}/webservices/${service.serviceId}/endpoints/${name}`;
  return api.call({ key, method: 'PATCH', path, body });
};

const retrain = (Location: unknown, name?: string) =>
  patch({ Resources: [{ Name: 'Census Model [trained model]', Location }] }, name);

async function modelOfNewJob(): Promise<string> {
  const path = `/workspaces/${workspaceId}/services/${service.serviceId}/jobs?api-version=2.0`;
  const jobId = textIn(await api.call({ key, method: 'POST', path, body: api.jobBody() }));
  return modelOf(jobId);
}

async function modelOf(jobId: string): Promise<string> {
  const { app } = api.world;
  const spec = await app.store.get('spec', { jobId });
  if (spec === undefined) throw new Error('no spec');
  return openSpec(app, service.subscriptionId, spec.row).model.sha256;
}

const sha256 = (text: string) => api.world.app.secrets.sha256(new TextEncoder().encode(text));

test('jobs registered afterwards run the new model, those before the old one', async () => {
  const before = await modelOfNewJob();
  const got = await retrain(reference('newer.onnx'));
  expect([got.status, got.text]).toEqual([204, '']);
  expect(await modelOfNewJob()).toBe(sha256('newer'));
  expect(before).not.toBe(sha256('newer'));
});

test('every name of the endpoint is its one endpoint, and a SAS opens the model too', async () => {
  const model = { endpoint, container: 'models', name: 'newer.onnx' };
  const SasBlobToken = api.world.blobs.sas(model, 'r', 4_000_000_000_000);
  const byHost = { ConnectionString: null, BaseLocation: new URL(endpoint).host, SasBlobToken };
  expect((await retrain(reference('newer.onnx', byHost), 'retrained%20one')).status).toBe(204);
  expect(await modelOfNewJob()).toBe(sha256('newer'));
});

test('its columns are those of the new model; title, parameters and storage account stay', async () => {
  const { app } = api.world;
  const storage = { name: 'caller', key: storageKey(api.world) };
  const workspace = await makeWorkspace(api.world, 's1');
  const wish = { name: 'old', ...contentOf(api.world, { parameters: [{ name: 'P', default: 1 }], storage }) };
  ok(await putClassicService(app, workspace, wish));
  api.world.blobs.put({ endpoint, container: 'models', name: 'newer.onnx' }, 'other columns');
  Object.assign(app, {
    checkModel: async () => ({ kind: 'ok', columns: [{ name: 'height', type: 'int64' }], scored: [] }),
  });
  expect((await retrain(reference('newer.onnx'))).status).toBe(204);
  const stored = await app.store.get('service', service);
  if (stored === undefined) throw new Error('no service');
  expect(stored.row).toMatchObject({ parameters: [{ name: 'P', default: 1 }] });
  expect(await definitionOf(app, stored.row)).toMatchObject({
    title: 'a service',
    columns: [{ name: 'height' }],
  });
  expect(await storageOf(app, stored.row)).toEqual(storage);
  const path = `/workspaces/${workspaceId}/services/${service.serviceId}/swagger.json`;
  expect(JSON.stringify(read(await api.call({ path })))).toContain('height');
});

test('a model that cannot be used is refused with the reason, and the old one stays', async () => {
  const before = await modelOfNewJob();
  Object.assign(api.world.app, {
    checkModel: async () => ({ kind: 'refused', reason: 'It is no ONNX file.' }),
  });
  const got = await retrain(reference('newer.onnx'));
  expect([got.status, detailOf(got).code]).toEqual([400, 'ModelRefused']);
  expect(detailOf(got).message).toMatch(
    /^Resources\[0\]\.Location names a model that cannot be used: It is no ONNX file\. The present model stays\.$/,
  );
  expect(await modelOfNewJob()).toBe(before);
});

test('two at once leave one whole model', async () => {
  api.world.blobs.put({ endpoint, container: 'models', name: 'other.onnx' }, 'other');
  const both = Promise.all([retrain(reference('newer.onnx')), retrain(reference('other.onnx'))]);
  const got = await api.world.clock.runUntil(both);
  expect(got.map(({ status }) => status)).toEqual([204, 204]);
  expect([sha256('newer'), sha256('other')]).toContain(await modelOfNewJob());
});

test.each<[string, () => unknown, number, string, RegExp]>([
  ['no body', () => '', 400, 'RequestIsEmpty', /has no body/],
  ['no resources', () => ({}), 400, 'RequestBodyInvalid', /^Resources is missing: it must be a JSON array/],
  ['two resources', () => two(), 400, 'BadParameterValue', /^Resources must have exactly one member/],
  [
    'a misspelt member',
    () => ({ Resources: [{ Name: 'x', Loaction: {} }] }),
    400,
    'RequestBodyInvalid',
    /Resources\[0\].*Did you mean "Location"\?|Resources\[0\]\.Location is missing/,
  ],
  [
    'a blob that is not there',
    () => ({ Resources: [{ Location: reference('none.onnx') }] }),
    400,
    'BlobNotFound',
    /^Resources\[0\]\.Location names a blob that does not exist: models\/none\.onnx/,
  ],
  [
    "Studio's own format",
    () => ({ Resources: [{ Location: reference('x.ilearner') }] }),
    400,
    'InvalidBlobExtension',
    /trained model of Studio \(\.ilearner\).*ONNX/,
  ],
  [
    'a place elsewhere',
    () => ({
      Resources: [
        {
          Location: {
            BaseLocation: 'http://169.254.169.254/',
            RelativeLocation: 'm/x',
            SasBlobToken: '?sig=x',
          },
        },
      ],
    }),
    400,
    'InvalidBlob',
    /^Resources\[0\]\.Location\.BaseLocation cannot be used/,
  ],
])('%s is refused', async (_, body, status, code, message) => {
  const got = await patch(body());
  expect([got.status, detailOf(got).code]).toEqual([status, code]);
  expect(detailOf(got).message).toMatch(message);
  expect(got.text).not.toContain(storageKey(api.world));
});

function two(): object {
  return { Resources: [{ Location: reference('newer.onnx') }, { Location: reference('newer.onnx') }] };
}

test("only the service's own key opens it", async () => {
  const path = `/workspaces/${workspaceId}/webservices/${service.serviceId}/endpoints/default`;
  for (const other of [api.accountKey, api.serviceKey, undefined]) {
    const wish = { method: 'PATCH', path, body: {}, ...(other === undefined ? {} : { key: other }) };
    expect((await api.call(wish)).status).toBe(401);
  }
});
