/** How long it takes until nothing waits any more that can be served. */
import { classicTag } from '../../shared/core/ids.ts';
import type { Job } from '../../shared/core/job.ts';
import type { Pool } from '../../shared/core/pool.ts';
import { tables } from '../../shared/storage/row-places.ts';
import type { World } from './simulate.ts';

const minuteMs = 60_000;

/** Goes on for as long as there is anything left, and each time less. */
export async function whileLess(count: () => number, goOn: () => Promise<void>): Promise<void> {
  for (let left = count(), before = Infinity; left > 0 && left < before;) {
    before = left;
    await goOn();
    left = count();
  }
}

export function classicWaiting({ storage }: World): number {
  const keys = [...storage.shadow.rows(tables.pools, classicTag).keys()];
  return keys.filter((rk) => rk.startsWith('wait|')).length;
}

/** A long queue takes its time, above all where only the timer dispatches. */
export async function workOff(world: World): Promise<void> {
  const { scheduler } = world;
  await whileLess(
    () => waiting(world),
    () => scheduler.runUntil(scheduler.nowMs + 30 * minuteMs),
  );
  // What ended last is posted by the next tick.
  await scheduler.runUntil(scheduler.nowMs + 25 * minuteMs);
}

/** Jobs that wait or run in pools that have VMs. */
function waiting({ storage }: World): number {
  let count = 0;
  for (const tag of storage.shadow.partitions(tables.pools)) {
    const rows = storage.shadow.rows(tables.pools, tag);
    const pool = rows.get('m') as Pool | undefined;
    if (pool === undefined || (tag !== classicTag && pool.wish.vmCount === 0)) continue;
    for (const [rk, row] of rows) {
      if (rk.startsWith('job|') && ['queued', 'running'].includes((row as Job).kind)) count += 1;
    }
  }
  return count;
}
