/** An instance that dies in the middle of what it does. */
import type { App } from '../../shared/app/ports.ts';
import { TableFault, type Table } from '../../shared/storage/table.ts';
import { makeApp, type World } from './world.ts';

/** Dies with its n-th write, before or after it is done; nothing of it reaches the storage from then on. */
class DyingTable implements Table {
  private readonly inner: Table;
  private readonly when: 'before' | 'after';
  private left: number;
  private state: 'alive' | 'dead' = 'alive';

  constructor(inner: Table, n: number, when: 'before' | 'after') {
    this.inner = inner;
    this.left = n;
    this.when = when;
  }

  get: Table['get'] = (...args) => this.living(() => this.inner.get(...args));
  query: Table['query'] = (...args) => this.living(() => this.inner.query(...args));
  transact: Table['transact'] = (...args) =>
    this.living(async () => {
      this.left -= 1;
      if (this.left > 0) return this.inner.transact(...args);
      this.state = 'dead';
      if (this.when === 'after') await this.inner.transact(...args);
      throw dead();
    });

  private async living<T>(call: () => Promise<T>): Promise<T> {
    if (this.state === 'dead') throw dead();
    return call();
  }
}

/** For good: nobody tries again. */
function dead(): TableFault {
  return new TableFault('refused', false, 'this instance is dead');
}

/** An instance of the world's app that dies with its n-th write. */
export function dyingApp(world: World, n: number, when: 'before' | 'after'): App {
  return makeApp({ ...world, table: new DyingTable(world.table, n, when), seed: 99 });
}

/** Before and after each of the first `most` writes. */
export const points = (most: number) =>
  Array.from(
    { length: 2 * most },
    (_, n) => [Math.floor(n / 2) + 1, n % 2 === 0 ? 'before' : 'after'] as const,
  );
