/** The contract of `Store` on a real Azurite. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Store } from '../../shared/app/ports.ts';
import { AzureTable } from '../../shared/storage/azure-table.ts';
import { parseStorageAccount } from '../../shared/storage/connection-string.ts';
import { makeSeededRandom } from '../../shared/storage/seeded-random.ts';
import { makeStorageClock } from '../../shared/storage/storage-clock.ts';
import { makeStore } from '../../shared/storage/table-store.ts';
import { startAzurite, type Azurite } from '../fixtures/azurite.ts';
import { storeContract } from './store-contract.ts';

describe('the store over Azurite', () => {
  let azurite: Azurite;
  let store: Store;
  let table: AzureTable;
  beforeAll(async () => {
    azurite = await startAzurite();
    const clock = makeStorageClock();
    table = new AzureTable({ account: parseStorageAccount(azurite.connectionString), clock });
    store = makeStore({ table, random: makeSeededRandom(Date.now()), clock });
  });
  afterAll(() => azurite.stop());
  storeContract(() => store);

  test('replacing leaves no property of the row before, alone and in a transaction', async () => {
    const [a, b] = ['a', 'b'] as const;
    const create = (rk: string) => ({ do: 'create', rk, properties: { v: 1, old: 'x' } }) as const;
    const replace = (rk: string, etag: string) =>
      ({ do: 'replace', rk, properties: { v: 2 }, etag }) as const;
    const made = await table.transact('millpondraw', 'p', [create(a), create(b)]);
    const etags = made.kind === 'done' ? made.etags : [];
    await table.transact('millpondraw', 'p', [replace(a, etags[0]!)]);
    await table.transact('millpondraw', 'p', [
      { do: 'create', rk: 'c', properties: {} },
      replace(b, etags[1]!),
    ]);
    for (const rk of [a, b]) expect((await table.get('millpondraw', 'p', rk))!.properties).toEqual({ v: 2 });
  });
});
