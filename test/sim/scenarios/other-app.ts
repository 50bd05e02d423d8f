/** A second instance on the storage of a world: whatever a race needs to happen, happens between two of its calls. */
import type { App } from '../../../shared/app/ports.ts';
import type { Table } from '../../../shared/storage/table.ts';
import { Machines, makeApp, type World } from '../../app/world.ts';

/** Before the first read of that row, before the first write: each once. */
export function otherApp(
  world: World,
  before: { get?: readonly [rk: string, happen: () => Promise<void>]; write?: () => Promise<void> },
): App {
  let { get, write } = before;
  const table: Table = {
    get: async (name, pk, rk) => {
      if (rk === get?.[0]) {
        const [, happen] = get;
        get = undefined;
        await happen();
      }
      return world.table.get(name, pk, rk);
    },
    query: (name, query) => world.table.query(name, query),
    transact: async (name, pk, ops) => {
      const happen = write;
      write = undefined;
      await happen?.();
      return world.table.transact(name, pk, ops);
    },
  };
  const machines = new Machines('host-2');
  machines.holder = 'other';
  return makeApp({ ...world, table, machines, seed: 2 });
}
