/** The contract of `Store` on the in-memory twin. */
import { describe } from 'vitest';
import { ManualClock } from '../../shared/storage/manual-clock.ts';
import { MemoryTable } from '../../shared/storage/memory-table.ts';
import { makeSeededRandom } from '../../shared/storage/seeded-random.ts';
import { makeStore } from '../../shared/storage/table-store.ts';
import { storeContract } from './store-contract.ts';

describe('the store over the in-memory twin', () => {
  const store = makeStore({
    table: new MemoryTable(),
    random: makeSeededRandom(1),
    clock: new ManualClock(),
  });
  storeContract(() => store);
});
