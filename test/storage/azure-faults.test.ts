/** The store over a network that loses requests and replies: what was written is known to be written, and once. */
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Store } from '../../shared/app/ports.ts';
import { limits } from '../../shared/core/limits.ts';
import { AzureTable } from '../../shared/storage/azure-table.ts';
import { parseStorageAccount, type StorageAccount } from '../../shared/storage/connection-string.ts';
import { nodeRandom } from '../../shared/storage/node-random.ts';
import { makeOwnBlobs } from '../../shared/storage/own-blobs.ts';
import { makeStorageClock } from '../../shared/storage/storage-clock.ts';
import { makeStore } from '../../shared/storage/table-store.ts';
import { startAzurite, type Azurite } from '../fixtures/azurite.ts';
import { startFaultProxy, type FaultProxy, type ProxyFault } from './fault-proxy.ts';
import { jobOf, poolOf, vmOf, waitOf } from './sample-rows.ts';

let azurite: Azurite;
let account: StorageAccount;
const clock = makeStorageClock();
/** Short, so that hanging costs little; a machine that is busy only makes more tries of it. */
const callMs = 250;

beforeAll(async () => {
  azurite = await startAzurite();
  account = parseStorageAccount(azurite.connectionString);
});
afterAll(() => azurite.stop());

const faults: ProxyFault[] = [
  'drop-request',
  'drop-reply',
  'busy',
  'busy-after',
  'server-error-after',
  'hang',
  'hang-after',
  'cut-reply',
];

describe('tables', () => {
  let proxy: FaultProxy;
  let store: Store;
  let partitions = 0;
  const freshTag = () => `f${(++partitions).toString(16).padStart(11, '0')}`;
  const writes = (method: string) => method !== 'GET';

  beforeAll(async () => {
    proxy = await startFaultProxy(account.tableEndpoint);
    const table = new AzureTable({ account: { ...account, tableEndpoint: proxy.url }, clock, callMs });
    store = makeStore({ table, random: nodeRandom, clock });
    await store.list({ of: 'vms', tag: freshTag() });
  });
  afterAll(() => proxy.stop());

  test.each(faults)(
    '%s: create, replace, remove, a transaction: each is done, and known to be',
    async (fault) => {
      const tag = freshTag();
      const row = vmOf(1, tag);
      proxy.inject(writes, fault);
      const made = await store.commit([{ do: 'create', kind: 'vm', row }]);
      const first = (await store.get('vm', row))!;
      expect(made).toEqual({ kind: 'done', etags: [first.etag] });

      proxy.inject(writes, fault);
      const replaced = await store.commit([
        { do: 'replace', kind: 'vm', row: vmOf(1, tag, 7), etag: first.etag },
      ]);
      const second = (await store.get('vm', row))!;
      expect(replaced).toEqual({ kind: 'done', etags: [second.etag] });
      expect(second.row.sinceMs).toBe(7);

      await store.commit([{ do: 'create', kind: 'wait', row: waitOf(1, 5, tag) }]);
      proxy.inject(writes, fault);
      const both = await store.commit([
        { do: 'remove', kind: 'wait', key: waitOf(1, 5, tag) },
        { do: 'replace', kind: 'vm', row: vmOf(1, tag, 8), etag: second.etag },
        { do: 'create', kind: 'job', row: jobOf(1, tag) },
      ]);
      const etags = ['', (await store.get('vm', row))!.etag, (await store.get('job', jobOf(1, tag)))!.etag];
      expect(both).toEqual({ kind: 'done', etags });

      proxy.inject(writes, fault);
      expect(await store.commit([{ do: 'remove', kind: 'vm', key: row }])).toEqual({
        kind: 'done',
        etags: [''],
      });
      expect(await store.get('vm', row)).toBeUndefined();
    },
  );

  test.each(faults)('%s: a true conflict stays one, and reads go on', async (fault) => {
    const tag = freshTag();
    await store.commit([
      { do: 'create', kind: 'vm', row: vmOf(1, tag) },
      { do: 'create', kind: 'pool', row: poolOf(tag) },
    ]);
    proxy.inject(writes, fault);
    const again = await store.commit([
      { do: 'create', kind: 'job', row: jobOf(1, tag) },
      { do: 'create', kind: 'vm', row: vmOf(1, tag, 9) },
    ]);
    expect(again).toEqual({ kind: 'conflict', at: 1, why: 'exists' });
    proxy.inject((method) => method === 'GET', fault, fault);
    expect((await store.get('vm', vmOf(1, tag)))!.row.sinceMs).toBe(1);
    expect((await store.list({ of: 'vms-and-queue', tag })).rows).toHaveLength(1);
    expect(proxy.requests.length).toBeGreaterThanOrEqual(3);
  });

  test('one request a try: the client does not retry behind our back', async () => {
    const table = new AzureTable({ account: { ...account, tableEndpoint: proxy.url }, callMs });
    await table.get('millpondtries', 'p', 'r');
    for (const fault of ['busy', 'drop-request', 'server-error-after'] as const) {
      proxy.inject(() => true, fault, fault, fault, fault);
      await expect(table.get('millpondtries', 'p', 'r')).rejects.toMatchObject({ name: 'TableFault' });
      expect(proxy.requests).toHaveLength(1);
    }
  });

  test('a connection that is refused has carried nothing: a write is certainly not done', async () => {
    const other = await startFaultProxy(account.tableEndpoint);
    const table = new AzureTable({ account: { ...account, tableEndpoint: other.url } });
    await table.get('millpondtries', 'p', 'r');
    await other.stop();
    // An idle connection may be in use for one more call; then there is none.
    await table.get('millpondtries', 'p', 'r').catch(() => undefined);
    const write = table.transact('millpondtries', 'p', [{ do: 'create', rk: 'r', properties: { v: 1 } }]);
    await expect(write).rejects.toMatchObject({ code: 'unreachable', maybeDone: false });
  });

  test('a table that was deleted is made again', async () => {
    const table = new AzureTable({ account, callMs: 5_000 });
    const own = makeStore({ table, random: nodeRandom, clock });
    await table.transact('millpondgone', 'p', [{ do: 'create', rk: 'r', properties: { v: 1 } }]);
    const { TableServiceClient, AzureNamedKeyCredential } = await import('@azure/data-tables');
    const credential = new AzureNamedKeyCredential(account.account, account.key);
    const service = new TableServiceClient(account.tableEndpoint, credential, {
      allowInsecureConnection: true,
    });
    await service.deleteTable('millpondgone');
    const call = () => table.get('millpondgone', 'p', 'r');
    await expect(call()).rejects.toMatchObject({ code: 'unreachable', maybeDone: false });
    expect(await call()).toBeUndefined();
    await service.deleteTable('millpondlive');
    expect(await own.list({ of: 'live' })).toEqual({ rows: [] });
  });

  test('a wrong key is refused at once, with the code of the storage', async () => {
    const table = new AzureTable({ account: { ...account, key: 'AAAA' } });
    await expect(table.get('millpondpools', 'p', 'r')).rejects.toMatchObject({
      name: 'TableFault',
      code: 'refused',
      message: expect.stringMatching(/403/),
    });
  });
});

describe('own blobs', () => {
  test.each(faults)('%s: what is put is there, what is read is whole', async (fault) => {
    const proxy = await startFaultProxy(account.blobEndpoint);
    try {
      const blobs = makeOwnBlobs({
        account: { ...account, blobEndpoint: proxy.url },
        clock,
        random: nodeRandom,
        callMs,
      });
      proxy.inject(() => true, fault);
      const bytes = new Uint8Array(50_000).fill(7);
      await blobs.put('millpond-models', fault, bytes);
      proxy.inject(() => true, fault);
      expect(Buffer.compare((await blobs.get('millpond-models', fault))!, bytes)).toBe(0);
    } finally {
      await proxy.stop();
    }
  });
});

test('own blobs: as many requests as tries of ours, and none of the client beside them', async () => {
  const proxy = await startFaultProxy(account.blobEndpoint);
  try {
    const blobs = makeOwnBlobs({
      account: { ...account, blobEndpoint: proxy.url },
      clock,
      random: nodeRandom,
    });
    await blobs.put('millpond-models', 'm', new Uint8Array(1));
    proxy.inject(() => true, ...Array.from({ length: limits.storageTriesMax }, () => 'busy' as const));
    await expect(blobs.put('millpond-models', 'm', new Uint8Array(1))).rejects.toMatchObject({
      code: 'busy',
    });
    expect(proxy.requests).toHaveLength(limits.storageTriesMax);
  } finally {
    await proxy.stop();
  }
});

describe('a storage that is not there', () => {
  let silent: Server;
  let silentUrl: string;
  beforeAll(async () => {
    silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    silentUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/devstoreaccount1`;
  });
  afterAll(() => silent.close());

  test('one that never answers is given up in time', async () => {
    const table = new AzureTable({ account: { ...account, tableEndpoint: silentUrl }, callMs: 50 });
    await expect(table.get('millpondpools', 'p', 'r')).rejects.toMatchObject({
      code: 'timeout',
      maybeDone: false,
    });
  });

  test('one that refuses connections: nothing can have been done', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const address = free.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await once(free.close(), 'close');
    const store = makeStore({
      table: new AzureTable({
        account: { ...account, tableEndpoint: `http://127.0.0.1:${port}/devstoreaccount1` },
      }),
      random: nodeRandom,
      clock,
    });
    const fault = await store
      .commit([{ do: 'create', kind: 'vm', row: vmOf(1) }])
      .catch((error: unknown) => error);
    expect(fault).toMatchObject({ name: 'StoreFault', code: 'unreachable', cause: { maybeDone: false } });
    expect(String(fault)).not.toContain(account.key);
  });
});
