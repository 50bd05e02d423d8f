/** The classic queue, page by page: every lane gets its turn, whatever waits before it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { dispatch } from '../../shared/app/dispatch.ts';
import { readClassicQueue } from '../../shared/app/queue-head.ts';
import type { Write } from '../../shared/app/ports.ts';
import { classicPoolId, classicTag } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import { makeWorld, subscriptionId, type World } from './world.ts';

const most = 3;

describe('the classic queue', () => {
  let world: World;
  let started: number;

  beforeEach(async () => {
    world = await makeWorld();
    started = 0;
  });

  async function waits(lane: string, count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, n) => `${lane}${String(n).padStart(4, '0')}`);
    const writes = ids.map((jobId): Write => {
      started += 1;
      const row = { poolId: classicPoolId, lane, startedMs: world.clock.now() + started, jobId };
      return { do: 'create', kind: 'wait', row: { ...row, subscriptionId } };
    });
    for (let at = 0; at < count; at += limits.transactionRowsMax)
      await world.app.store.commit(writes.slice(at, at + limits.transactionRowsMax));
    return ids;
  }

  const seen = async () => (await readClassicQueue(world.app, most)).queue.map((stored) => stored.row.jobId);

  it('shows the lanes behind a long one, with two pages and one look at the running places', async () => {
    const [a, b, c] = [await waits('a', 250), await waits('b', 1), await waits('c', 2)];
    world.table.resetCounts();
    expect(await seen()).toEqual([...a.slice(0, most), ...b, ...c]);
    expect(world.table.counts.queries).toBe(3);
  });

  it('shows as much of a lane as can be taken where a page ends with its first', async () => {
    const [a, b] = [await waits('a', limits.headPageRows - 1), await waits('b', 5)];
    expect(await seen()).toEqual([...a.slice(0, most), ...b.slice(0, most)]);
  });

  it('costs dispatch one look where nothing waits', async () => {
    world.table.resetCounts();
    await dispatch(world.app, classicTag);
    expect(world.table.counts).toMatchObject({ queries: 1, gets: 0 });
  });

  it('has its other lanes in the next pass when it has more than one pass looks at', async () => {
    const all: string[] = [];
    for (let n = 0; n < limits.lanesPerPassMax + 6; n += 1)
      all.push(...(await waits(`l${String(n).padStart(3, '0')}`, 1)));
    const first = await seen();
    expect(first).toEqual(all.slice(0, limits.lanesPerPassMax));
    const second = await seen();
    expect(second).toHaveLength(limits.lanesPerPassMax);
    expect(new Set([...first, ...second])).toEqual(new Set(all));
  });
});
