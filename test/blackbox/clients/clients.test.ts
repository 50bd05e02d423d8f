/** Every client family against a running instance: nothing changed but the base URL. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { azuriteAccount, azuriteKey } from '../../fixtures/azurite.ts';
import { censusCsv } from '../../../shared/samples/adult-census/census-csv.ts';
import {
  ended,
  jobBody,
  makePool,
  makeTenant,
  putBlob,
  startInstance,
  startJob,
  type Instance,
  type Tenant,
} from '../instance.ts';
import { makeClassicService, type Classic } from './classic-tenant.ts';
import { families } from './families.ts';
import type { Client, Service } from './journey.ts';
import { hasPython, pythonClient } from './python-client.ts';
import { onWire, type Sent } from './wire.ts';

const article = join(import.meta.dirname, '../../../../shared/data/article-request.txt');
const rows = 5;

let instance: Instance;
let tenant: Tenant;
let classic: Classic;
let poolId: string;
let input = '';

beforeAll(async () => {
  instance = await startInstance();
  tenant = await makeTenant(instance, 'ac'.repeat(16));
  classic = await makeClassicService(instance, tenant, 'c1'.repeat(16));
  for await (const chunk of censusCsv({ rows, seed: 5 })) input += chunk;
  await putBlob(instance, 'five.csv', input);
  poolId = await makePool(instance, tenant, 1);
}, 120_000);
afterAll(() => instance.stop());

const serviceOf = (kind: string): Service =>
  kind === 'classic' ? classic : { url: instance.url + tenant.servicePath, key: tenant.serviceKey };

let outputs = 0;
/** Names with a space, a letter outside ASCII, # and % are what clients stumble over. */
const outputName = () => `scored é #${(outputs += 1)} 100%.csv`;

const clients: [string, Client][] = Object.entries(families);

describe.each(['new', 'classic'])('of a %s service', (kind) => {
  test.each(clients)('%s', async (_, client) => {
    await expectJourney(client, kind);
  });

  test.skipIf(!hasPython)('Python with urllib (where there is a python3)', async () => {
    await expectJourney(pythonClient, kind);
  });
});

async function expectJourney(client: Client, kind: string): Promise<void> {
  const journey = await client(serviceOf(kind), jobBody(instance, poolId, 'five.csv', outputName()));
  expect(journey.registered).toMatch(/^"[0-9a-f]{32}"$/);
  expect(journey.statuses.at(-1)).toBe('Finished');
  expect(['NotStarted', 'Running', 'Finished']).toEqual(expect.arrayContaining([...journey.statuses]));
  const [header = '', ...lines] = journey.result.trimEnd().split('\n');
  expect(header).toMatch(/Scored Labels,Scored Probabilities\r?$/);
  expect(lines).toHaveLength(rows);
  expect([journey.deleted, journey.afterwards]).toEqual([204, 'Finished']);
}

const json = { 'content-type': 'application/json' };

/** A call to the new service's jobs. */
const call = (method: string, path: string, more: Partial<Sent> = {}) => {
  const { url, key } = serviceOf('new');
  const headers = { authorization: `Bearer ${key}`, ...json, ...more.headers };
  return onWire({ ...more, method, url: `${url}/jobs${path}`, headers });
};
const version = '?api-version=2.0';

async function register(body: object | string): Promise<string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const reply = await call('POST', version, { body: text });
  expect([reply.status, reply.text]).toEqual([200, expect.stringMatching(/^"[0-9a-f]{32}"$/)]);
  expect(reply.headers['content-type']).toBe('application/json');
  return JSON.parse(reply.text) as string;
}

const statusOf = async (jobId: string) =>
  JSON.parse((await call('GET', `/${jobId}${version}`)).text) as Record<string, unknown>;

describe('a deletion', () => {
  test('before the start: cancelled, and a start is refused', async () => {
    const jobId = await register(jobBody(instance, poolId, 'five.csv', outputName()));
    const deleted = await call('DELETE', `/${jobId}`, { headers: { 'content-length': '0' } });
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect(await statusOf(jobId)).toMatchObject({ StatusCode: 'Cancelled', Results: null, Details: null });
    const started = await call('POST', `/${jobId}/start${version}`);
    expect([started.status, started.text]).toEqual([400, expect.stringContaining('CannotStartJob')]);
    expect((await call('DELETE', `/${jobId}${version}`)).status).toBe(204);
  });

  test('while it waits: cancelled at once', async () => {
    const empty = await makePool(instance, tenant, 0);
    const jobId = await register(jobBody(instance, empty, 'five.csv', outputName()));
    expect((await call('POST', `/${jobId}/start${version}`)).status).toBe(200);
    expect(await statusOf(jobId)).toMatchObject({ StatusCode: 'NotStarted' });
    expect((await call('DELETE', `/${jobId}${version}`)).status).toBe(204);
    expect(await statusOf(jobId)).toMatchObject({ StatusCode: 'Cancelled' });
  });
});

test('a job without an override writes to a place of the service, which its result names', async () => {
  const { Input } = jobBody(instance, poolId, 'five.csv', '') as { Input: object };
  const path = await startJob(instance, tenant, { Input, AzureBatchPoolId: poolId });
  const status = await ended(instance, tenant, path);
  const { BaseLocation = '', RelativeLocation = '', SasBlobToken = '' } = status.Results?.['output1'] ?? {};
  const url = new URL(RelativeLocation, BaseLocation).href + SasBlobToken;
  const result = await onWire({ method: 'GET', url, headers: {} });
  expect(result.text.trimEnd().split('\n')).toHaveLength(rows + 1);
  const written = await onWire({ method: 'PUT', url, headers: { 'x-ms-blob-type': 'BlockBlob' }, body: 'x' });
  expect(written.status).toBe(403);
});

test('no reply to a status poll is anything but the status, whatever is asked of it', async () => {
  const jobId = await register(jobBody(instance, poolId, 'five.csv', outputName()));
  for (const headers of [{ accept: 'text/json' }, { accept: 'image/png' }, { 'content-encoding': 'UTF-8' }]) {
    const reply = await call('GET', `/${jobId}${version}`, {
      headers: { ...headers, 'content-length': '0' },
    });
    expect(reply.status).toBe(200);
    expect(Object.keys(JSON.parse(reply.text) as object).slice(0, 3)).toEqual([
      'StatusCode',
      'Results',
      'Details',
    ]);
  }
});

test('retraining: a PATCH of the endpoint answers 204 without a body, and a bad model changes nothing', async () => {
  const { workspaceId, serviceId, key, model } = classic;
  const retrain = (Location: object, name = 'default') =>
    onWire({
      method: 'PATCH',
      url: `${instance.url}/workspaces/${workspaceId}/webservices/${serviceId}/endpoints/${name}`,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ Resources: [{ Name: 'Census [trained model]', Location }] }),
      as: 'chunked',
    });
  const url = new URL(model.BaseLocation + model.RelativeLocation);
  const odd = {
    ConnectionString: null,
    BaseLocation: url.host,
    RelativeLocation: url.pathname,
    SasBlobToken: model.SasBlobToken,
  };
  for (const location of [model, odd]) {
    const got = await retrain(location);
    expect([got.status, got.text]).toEqual([204, '']);
  }
  await putBlob(instance, 'bad.onnx', 'no model');
  const ConnectionString = instance.azurite.connectionString;
  const bad = await retrain({ ConnectionString, RelativeLocation: 'data/bad.onnx' });
  expect([bad.status, bad.text]).toEqual([400, expect.stringContaining('ModelRefused')]);
  await expectJourney(families['Node on http'], 'classic');
});

test.skipIf(!existsSync(article))(
  'the request of the article, pasted as it is printed (where its text is beside the checkout)',
  async () => {
    const printed = readFileSync(article, 'utf8');
    const own = printed
      .replaceAll('https://sampleaccount.blob.core.windows.net/', `${instance.azurite.blobUrl}/`)
      .replaceAll('sampleaccount', azuriteAccount)
      .replaceAll('&lt;Key&gt;', azuriteKey)
      .replace('8dfc151b0d3e446497b845f3b29ef53b', poolId);
    const account = new BlobServiceClient(
      instance.azurite.blobUrl,
      new StorageSharedKeyCredential(azuriteAccount, azuriteKey),
    );
    for (const name of ['testint', 'testintoutput']) await account.createContainer(name);
    await account
      .getContainerClient('testint')
      .getBlockBlobClient('AdultCensusIncomeBinaryClassificationDataset.csv')
      .upload(input, Buffer.byteLength(input));
    const jobId = await register(own);
    expect((await call('POST', `/${jobId}/start${version}`)).status).toBe(200);
    const status = await ended(instance, tenant, `${tenant.servicePath}/jobs/${jobId}`);
    expect(status).toMatchObject({ StatusCode: 'Finished', Details: null });
    expect(status.Results?.['output1']?.RelativeLocation).toBe('testintoutput/testint_results.csv');
  },
);
