/** What callers see of pools, plans and jobs when there is much of it, or when what it belonged to has gone. */
import { describe, expect, it } from 'vitest';
import { planBill } from '../../shared/app/bill.ts';
import type { App, Range } from '../../shared/app/ports.ts';
import { deletePool, getPool, listPoolJobs, poolUsage } from '../../shared/app/pools.ts';
import { postLines } from '../../shared/app/post-lines.ts';
import { deleteService } from '../../shared/app/services.ts';
import { bye } from '../../shared/app/vm-calls.ts';
import { limits } from '../../shared/core/limits.ts';
import { dayMs, hourMs } from '../../shared/core/plan.ts';
import { planOf } from './classic-world.ts';
import {
  bootAll,
  job,
  makePool,
  makeWorld,
  nonceOf,
  ok,
  refusedWith,
  registered,
  started,
  ticked,
  workOff,
  type World,
} from './world.ts';

const thing = { group: 'rg', name: 's1' };

/** The same instance; `seen` gets every range that it lists. */
function watched({ app }: World): { app: App; seen: { of: Range['of']; rows: number }[] } {
  const seen: { of: Range['of']; rows: number }[] = [];
  const list: App['store']['list'] = async (range, options) => {
    const page = await app.store.list(range, options);
    seen.push({ of: range.of, rows: page.rows.length });
    return page;
  };
  return { app: { ...app, store: { ...app.store, list } }, seen };
}

describe('a pool', () => {
  it('shows what it has used after its service was deleted, and from what', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    await world.clock.advance(40_000);
    ok(await deletePool(world.app, world.account, poolId, 'refuse'));
    await workOff(world, vmId);
    for (let n = 0; n < 5; n += 1) {
      await world.clock.advance(10_000);
      await ticked(world);
    }
    ok(await deleteService(world.app, world.account, { group: 'rg', name: 'adult' }));
    expect(ok(await getPool(world.app, world.account, poolId)).pool.kind).toBe('deleted');
    const { usage } = ok(await poolUsage(world.app, world.account, poolId, {}));
    expect([usage.computeMs, usage.postedMs]).toEqual([40_000, 40_000]);
  });

  it('is not deleted over a queued job, however many lie before it that were never started', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    const jobId = await started(world, poolId);
    for (let n = 0; n < limits.countMax; n += 1) {
      await world.clock.advance(1);
      await registered(world, poolId);
    }
    const refused = await deletePool(world.app, world.account, poolId, 'refuse');
    expect(refusedWith(refused)).toBe('PoolHasUnfinishedJobs');
    ok(await deletePool(world.app, world.account, poolId, 'cancel'));
    expect((await job(world, jobId))?.kind).toBe('cancelled');
  });

  it('lists jobs of one status with few queries, each of them once', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    const queued: string[] = [];
    for (let n = 0; n < 120; n += 1) {
      await world.clock.advance(1);
      if (n % 10 === 3) queued.push(await started(world, poolId));
      else await registered(world, poolId);
    }
    const { app, seen } = watched(world);
    const none = ok(await listPoolJobs(app, world.account, poolId, { top: 1, status: 'failed' }));
    expect(none).toMatchObject({ jobs: [] });
    expect(none.after).toBeUndefined();
    expect(seen.filter(({ of }) => of === 'jobs')).toHaveLength(1);

    const found: string[] = [];
    let after: string | undefined;
    do {
      const from = after === undefined ? {} : { after };
      const page = ok(await listPoolJobs(app, world.account, poolId, { top: 5, status: 'queued', ...from }));
      expect(page.jobs.length).toBeLessThanOrEqual(5);
      found.push(...page.jobs.map(({ jobId }) => jobId));
      ({ after } = page);
    } while (after !== undefined);
    expect(found).toEqual(queued.toReversed());
  });

  it('is looked through for jobs of one status in bounded steps that go on', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    const first = await started(world, poolId);
    for (let n = 0; n < 20; n += 1) {
      await world.clock.advance(1);
      await registered(world, poolId);
    }
    // A storage whose pages are short.
    const { list } = world.app.store;
    const short: App['store']['list'] = (range, options) => list(range, { ...options, limit: 1 });
    const app = { ...world.app, store: { ...world.app.store, list: short } };
    const options = { top: 2, status: 'queued' } as const;
    const empty = ok(await listPoolJobs(app, world.account, poolId, options));
    expect(empty.jobs).toEqual([]);
    const again = ok(
      await listPoolJobs(app, world.account, poolId, { ...options, after: empty.after ?? '' }),
    );
    const last = ok(await listPoolJobs(app, world.account, poolId, { ...options, after: again.after ?? '' }));
    expect([again.jobs, last.jobs.map(({ jobId }) => jobId), last.after]).toEqual([[], [first], undefined]);
  });
});

describe('a plan', () => {
  it.each([
    ['before its balances', 'periods', 40_000],
    ['before its lines', 'ledger', 0],
  ] as const)('never has an hour in its bill twice that is posted %s are read', async (_, of, poolMs) => {
    // Nothing is posted but by a tick.
    const world = await makeWorld({ config: { dispatch: 'timer' } });
    const { poolId } = await makePool(world, 1);
    await ticked(world);
    const [vmId = ''] = await bootAll(world, poolId);
    await world.clock.advance(40_000);
    await bye(world.app, vmId, nonceOf(vmId));
    const { list } = world.app.store;
    // Somebody else's tick comes first.
    const overtaken: App['store']['list'] = async (range, options) => {
      if (range.of === of) await ticked(world);
      return list(range, options);
    };
    const app = { ...world.app, store: { ...world.app.store, list: overtaken } };
    const bill = ok(await planBill(app, world.account, thing, {}));
    expect(bill.periods.map(({ usage }) => usage.poolMs)).toEqual([poolMs]);
    const next = ok(await planBill(world.app, world.account, thing, {}));
    expect(next.periods.map(({ usage }) => usage.poolMs)).toEqual([40_000]);
  });

  it('reads of a ledger of years only the hours that its bill is about', async () => {
    const world = await makeWorld();
    const plan = await planOf(world, 's1');
    const beginMs = world.clock.now();
    const post = async (pool: string, atMs: number) => {
      const slice = {
        poolId: pool.repeat(32),
        vmId: pool.repeat(32),
        hourMs: atMs,
        fromMs: atMs,
        toMs: atMs + hourMs,
      };
      await postLines(world.app, plan, atMs, [{ kind: 'vm', planId: plan.planId, ...slice }]);
    };
    for (let day = 0; day < 400; day += 1)
      for (const pool of ['1', '2', '3'])
        if (pool !== '2' || day > 380) await post(pool, beginMs + day * dayMs);
    await world.clock.advanceTo(beginMs + 400 * dayMs);
    const { app, seen } = watched(world);
    const bill = ok(await planBill(app, world.account, thing, {}));
    expect(bill.periods.map(({ usage }) => usage.poolMs)).toEqual([10 * 3 * hourMs]);
    expect(bill.periods[0]?.pools.map(({ computeMs }) => computeMs)).toEqual(Array(3).fill(10 * hourMs));
    const read = seen.filter(({ of }) => of === 'lines' || of === 'ledger');
    expect(read.reduce((sum, { rows }) => sum + rows, 0)).toBe(30 + 3);
  });
});
