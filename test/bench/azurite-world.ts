/**
 * The use cases over a real Azurite, with real time; blobs and machines are twins, so that only the tables are
 * measured.
 */
import { makeMemory } from '../../shared/app/memory.ts';
import { limits } from '../../shared/core/limits.ts';
import { makeTogether } from '../../shared/app/together.ts';
import type { App } from '../../shared/app/ports.ts';
import { putAccount } from '../../shared/app/accounts.ts';
import { putPlan } from '../../shared/app/plans.ts';
import { AzureTable } from '../../shared/storage/azure-table.ts';
import { parseStorageAccount } from '../../shared/storage/connection-string.ts';
import { ManualClock } from '../../shared/storage/manual-clock.ts';
import { makeMemoryBlobs } from '../../shared/storage/memory-blobs.ts';
import { MemoryTable } from '../../shared/storage/memory-table.ts';
import { nodeRandom } from '../../shared/storage/node-random.ts';
import { makeStorageClock } from '../../shared/storage/storage-clock.ts';
import { makeStore } from '../../shared/storage/table-store.ts';
import { makeWakeups } from '../../shared/storage/wakeups.ts';
import { Machines, makeApp, makeService, ok, subscriptionId, type World } from '../app/world.ts';

/** Its `clock` and `table` are those of no use case: time is real, rows are on Azurite. */
export async function makeAzuriteWorld(connectionString: string): Promise<World & { azure: AzureTable }> {
  const account = parseStorageAccount(connectionString);
  const clock = makeStorageClock();
  const azure = new AzureTable({ account, clock });
  const blobs = makeMemoryBlobs(clock);
  const machines = new Machines();
  const unused = { clock: new ManualClock(), table: new MemoryTable() };
  const app: App = {
    ...makeApp({ ...unused, blobs, machines, config: { vmHoldMs: 1_000 } }),
    clock,
    random: nodeRandom,
    store: makeStore({ table: azure, random: nodeRandom, clock }),
    wakeups: makeWakeups(clock),
    memory: makeMemory(clock),
    together: makeTogether(limits.finishesTogetherMax),
  };
  const made = await putAccount(app, subscriptionId, { maxPools: 10, maxVmsPerPool: 50 });
  ok(await putPlan(app, made.account, { group: 'rg', name: 's1' }, 'S1'));
  const service = await makeService({ app, blobs, account: made.account }, 'adult');
  return { ...unused, app, blobs, machines, account: made.account, service, azure };
}
