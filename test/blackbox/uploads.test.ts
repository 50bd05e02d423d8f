/** Files go straight to blob storage with the URL that an upload gives, and never through a function (api.md). */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { blobPut } from './blob-put.ts';
import {
  ended,
  makePool,
  makeTenant,
  startInstance,
  startJob,
  type Instance,
  type Tenant,
} from './instance.ts';
import { censusCsv } from '../../shared/samples/adult-census/census-csv.ts';

/** A few GB by hand: MILLPOND_UPLOAD_MB=4096. */
const megabytes = Number(process.env['MILLPOND_UPLOAD_MB'] ?? 32);

let instance: Instance;
let tenant: Tenant;

beforeAll(async () => {
  instance = await startInstance();
  tenant = await makeTenant(instance, 'af'.repeat(16));
});
afterAll(() => instance.stop());

type Upload = {
  readonly UploadUrl: string;
  readonly Input: {
    readonly BaseLocation: string;
    readonly RelativeLocation: string;
    readonly SasBlobToken: string;
  };
};

async function upload(path: string, key: string, name: string): Promise<Upload> {
  const reply = await instance.call('POST', path, key, { name });
  expect(reply.status).toBe(201);
  return reply.json as Upload;
}

const ofAccount = (name: string) =>
  upload(`/subscriptions/${tenant.subscriptionId}/uploads`, tenant.accountKey, name);
const ofService = (name: string) => upload(`${tenant.servicePath}/uploads`, tenant.serviceKey, name);
const urlOf = ({ Input }: Upload) => Input.BaseLocation + Input.RelativeLocation + Input.SasBlobToken;

it(
  `${megabytes} MB, streamed in blocks, arrive whole and leave the service alone`,
  { timeout: 1_200_000 },
  async () => {
    const given = await ofAccount('large é 1.csv');
    const lines = instance.log.length;
    expect(new URL(given.UploadUrl).host).toBe(new URL(instance.azurite.blobUrl).host);
    const sent = await blobPut(given.UploadUrl, megabytes);
    const hash = createHash('sha256');
    let bytes = 0;
    const reply = await fetch(urlOf(given));
    for await (const chunk of reply.body as ReadableStream<Uint8Array>) {
      bytes += chunk.byteLength;
      hash.update(chunk);
    }
    expect(bytes).toBe(megabytes * 1_048_576);
    expect(hash.digest('hex')).toBe(sent);
    expect(
      instance.log
        .slice(lines)
        .filter((line) => /Executing 'Functions\.(?!vm|tick|accountUploads|serviceUploads)/.test(line)),
    ).toEqual([]);
  },
);

it('an upload of a service is an input of its jobs', async () => {
  let text = '';
  for await (const chunk of censusCsv({ rows: 10, seed: 5 })) text += chunk;
  const given = await ofService('ten rows.csv');
  const put = await fetch(given.UploadUrl, {
    method: 'PUT',
    body: text,
    headers: { 'x-ms-blob-type': 'BlockBlob' },
  });
  expect(put.status).toBe(201);
  const poolId = await makePool(instance, tenant, 1);
  const path = await startJob(instance, tenant, { Input: given.Input, AzureBatchPoolId: poolId });
  expect((await ended(instance, tenant, path)).StatusCode).toBe('Finished');
});

it('the URL writes this one blob and nothing else, and the reference reads it only', async () => {
  const [given, other] = [await ofAccount('a.csv'), await ofAccount('a.csv')];
  expect(other.UploadUrl.split('?')[0]).not.toBe(given.UploadUrl.split('?')[0]);
  const put = (url: string) =>
    fetch(url, { method: 'PUT', body: 'x', headers: { 'x-ms-blob-type': 'BlockBlob' } });
  const query = new URL(given.UploadUrl).search;
  expect((await put(other.UploadUrl.split('?')[0] + query)).status).toBe(403);
  expect((await put(urlOf(given))).status).toBe(403);
  expect((await put(given.UploadUrl)).status).toBe(201);
  expect((await fetch(urlOf(given))).status).toBe(200);
  expect((await fetch(given.UploadUrl, { method: 'DELETE' })).status).toBe(403);
  const container = given.UploadUrl.split('?')[0]?.split('/').slice(0, 5).join('/');
  expect((await fetch(`${container}${query}&restype=container&comp=list`)).status).toBe(403);
});

it.each(['', 'a', '../a.csv', 'a/b.csv', 'a\\b.csv', 'a?.csv', `${'x'.repeat(200)}.csv`])(
  'the name %j is refused',
  async (name) => {
    const reply = await instance.call('POST', `${tenant.servicePath}/uploads`, tenant.serviceKey, { name });
    expect(reply.status).toBe(400);
  },
);
