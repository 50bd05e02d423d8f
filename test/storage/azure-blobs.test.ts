/** The contract of blobs on a real Azurite. */
import {
  BlobSASPermissions,
  BlobServiceClient,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCallerBlobs } from '../../shared/storage/caller-blobs.ts';
import { parseStorageAccount } from '../../shared/storage/connection-string.ts';
import { nodeRandom } from '../../shared/storage/node-random.ts';
import { makeOwnBlobs } from '../../shared/storage/own-blobs.ts';
import { makeStorageClock } from '../../shared/storage/storage-clock.ts';
import { azuriteAccount, azuriteKey, startAzurite, type Azurite } from '../fixtures/azurite.ts';
import { blobsContract, type BlobWorld } from './blobs-contract.ts';

describe('blobs on Azurite', () => {
  let azurite: Azurite;
  let world: BlobWorld;
  beforeAll(async () => {
    azurite = await startAzurite();
    const clock = makeStorageClock();
    const account = parseStorageAccount(azurite.connectionString);
    const own = makeOwnBlobs({ account, clock, random: nodeRandom });
    const credential = new StorageSharedKeyCredential(azuriteAccount, azuriteKey);
    const data = new BlobServiceClient(azurite.blobUrl, credential).getContainerClient('data');
    await data.create();
    world = {
      own,
      callers: makeCallerBlobs({ clock, openEndpoints: [azurite.blobUrl] }),
      clock,
      endpoint: azurite.blobUrl,
      access: { kind: 'key', account: azuriteAccount, key: azuriteKey },
      write: async (name, text) =>
        void (await data.getBlockBlobClient(name).upload(text, Buffer.byteLength(text))),
      sas(containerName, blobName, permissions) {
        const values = {
          containerName,
          blobName,
          permissions: BlobSASPermissions.parse(permissions),
          expiresOn: new Date(Date.now() + 60_000),
          protocol: SASProtocol.HttpsAndHttp,
        };
        return `?${generateBlobSASQueryParameters(values, credential).toString()}`;
      },
      async read(url) {
        const reply = await fetch(url);
        const text = await reply.text();
        return { status: reply.status, text: reply.ok ? text : '' };
      },
      async put(url, body) {
        const reply = await fetch(url, { method: 'PUT', body, headers: { 'x-ms-blob-type': 'BlockBlob' } });
        await reply.text();
        return reply.status;
      },
    };
  });
  afterAll(() => azurite.stop());
  blobsContract(() => world);

  test('an endpoint that is not open is refused where it leads to this machine', async () => {
    const callers = makeCallerBlobs({ clock: world.clock });
    const place = { endpoint: azurite.blobUrl, container: 'data', name: 'x', access: world.access };
    expect(await callers.look(place)).toMatchObject({
      kind: 'forbidden',
      reason: expect.stringContaining('not allowed'),
    });
    const named = { ...place, endpoint: azurite.blobUrl.replace('127.0.0.1', 'localhost') };
    expect(await callers.look(named)).toMatchObject({
      kind: 'forbidden',
      reason: expect.stringContaining('not allowed'),
    });
  });
});
