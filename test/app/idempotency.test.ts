/** Idempotency-Key over the use cases: one key makes one thing, whatever is lost, repeated or done at once. */
import { describe, expect, it } from 'vitest';
import { collect } from '../../shared/app/all-rows.ts';
import { createPool, type CreatePool } from '../../shared/app/create-pool.ts';
import { deletePool, resizePool } from '../../shared/app/pools.ts';
import { registerJob } from '../../shared/app/register.ts';
import { sweepPool } from '../../shared/app/sweep-pool.ts';
import { classicPoolId, classicTag, tagOf } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import type { Disturbance, TwinCall } from '../../shared/storage/memory-table.ts';
import {
  jobBody,
  makeApp,
  makePool,
  makeService,
  makeWorld,
  ok,
  refusedWith,
  subscriptionId,
  ticked,
  type World,
} from './world.ts';

const jobsOf = (world: World, poolId: string) => collect(world.app, { of: 'jobs', tag: tagOf(poolId) });
const poolsOf = (world: World) => collect(world.app, { of: 'reservations', subscriptionId });
const wishFor = (world: World, vmCount = 0): CreatePool => ({
  vmCount,
  swaggerUrl: `http://x/subscriptions/${subscriptionId}/services/${world.service.serviceId}/swagger.json`,
});

describe('a job', () => {
  const register = (world: World, poolId?: string, key = 'k', output?: string) =>
    registerJob(world.app, world.service, jobBody(world, poolId, undefined, output), key);

  it('is the same one for the same key and body, also when its pool has gone', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    const first = ok(await register(world, poolId));
    expect(first.outcome).toBe('created');
    expect(ok(await register(world, poolId))).toEqual({ ...first, outcome: 'replayed' });
    expect(ok(await register(world, poolId, 'other')).jobId).not.toBe(first.jobId);
    await deletePool(world.app, world.account, poolId, 'cancel');
    expect(ok(await register(world, poolId)).jobId).toBe(first.jobId);
    expect(refusedWith(await register(world, poolId, 'new'))).toBe('PoolDeleting');
  });

  it('is refused under a key that came with another body, and nothing is made', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    ok(await register(world, poolId));
    expect(refusedWith(await register(world, poolId, 'k', 'outputs/other.csv'))).toBe('IdempotencyKeyReuse');
    expect(await jobsOf(world, poolId)).toHaveLength(1);
  });

  it('is another one in another pool, in the classic queue, and of another service', async () => {
    const world = await makeWorld();
    await world.clock.advance(3_600_000);
    const other = await makeService(world, 'other');
    const pools = [(await makePool(world, 0)).poolId, (await makePool(world, 0)).poolId, undefined];
    const jobs = new Set<string>();
    for (const poolId of pools) {
      jobs.add(ok(await register(world, poolId)).jobId);
      const body = jobBody(world, poolId, undefined, 'outputs/of-the-other.csv');
      jobs.add(ok(await registerJob(world.app, other, body, 'k')).jobId);
    }
    expect(jobs.size).toBe(6);
    expect(await collect(world.app, { of: 'job-keys', tag: classicTag })).toHaveLength(2);
  });

  it('is made once by twenty callers at once, over two instances', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    const apps = [world.app, makeApp({ ...world, seed: 2 })];
    const callers = Array.from({ length: 20 }, (_, n) =>
      registerJob(apps[n % 2] ?? world.app, world.service, jobBody(world, poolId), 'k'),
    );
    const made = (await world.clock.runUntil(Promise.all(callers))).map((one) => ok(one));
    expect(new Set(made.map((one) => one.jobId)).size).toBe(1);
    expect(made.filter((one) => one.outcome === 'created')).toHaveLength(1);
    expect(await jobsOf(world, poolId)).toHaveLength(1);
    expect(await collect(world.app, { of: 'specs', tag: tagOf(poolId) })).toHaveLength(1);
  });

  it('is made once by callers on either side of midnight', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    await world.clock.advance(limits.idempotencyMs - 1_000);
    let held = Promise.withResolvers<void>();
    world.table.onCall = async (call) => {
      if (call.op === 'transact') await held.promise;
      return undefined;
    };
    const before = register(world, poolId);
    await world.clock.advance(2_000);
    const after = register(world, poolId);
    held.resolve();
    const made = await world.clock.runUntil(Promise.all([before, after]));
    expect(new Set(made.map((one) => ok(one).jobId)).size).toBe(1);
    expect(await jobsOf(world, poolId)).toHaveLength(1);
  });

  it('is not made by a refusal, and the key stays free', async () => {
    const world = await makeWorld();
    expect(refusedWith(await register(world, 'f'.repeat(32)))).toBe('PoolNotFound');
    expect(refusedWith(await register(world, 'no id'))).toBe('PoolNotFound');
    const { poolId } = await makePool(world, 0);
    const bad = { ...jobBody(world, poolId), GlobalParameters: { nonsense: 1 } };
    expect(refusedWith(await registerJob(world.app, world.service, bad, 'k'))).toBe('UnexpectedParameter');
    expect(ok(await register(world, poolId)).outcome).toBe('created');
  });

  it('is found by its key for 24 hours, and then the key is free for another body', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    await world.clock.advance(5 * 3_600_000);
    const first = ok(await register(world, poolId));
    await world.clock.advance(limits.idempotencyMs - 1);
    expect(ok(await register(world, poolId)).jobId).toBe(first.jobId);
    await world.clock.advance(1);
    const second = ok(await register(world, poolId, 'k', 'outputs/other.csv'));
    expect(second.outcome).toBe('created');
    expect(second.jobId).not.toBe(first.jobId);
    expect(ok(await register(world, poolId, 'k', 'outputs/other.csv')).jobId).toBe(second.jobId);
  });

  it('takes the place of an expired key whose day is not over', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    await world.clock.advance(1_000);
    const first = ok(await register(world, poolId));
    await world.clock.advance(limits.idempotencyMs + 1_000);
    const second = ok(await register(world, poolId));
    expect(second).toMatchObject({ outcome: 'created' });
    expect(second.jobId).not.toBe(first.jobId);
    expect(ok(await register(world, poolId))).toEqual({ ...second, outcome: 'replayed' });
  });
});

/** Every write that a call makes, one after the other, is disturbed in every way. */
async function disturbed(
  prepare: () => Promise<World>,
  run: (world: World) => Promise<unknown>,
  check: (world: World, how: string) => Promise<void>,
): Promise<number> {
  const hows: Disturbance[] = [
    { kind: 'after', code: 'timeout' },
    { kind: 'before', code: 'unreachable' },
    { kind: 'after', code: 'unreachable' },
  ];
  let points = 0;
  for (const disturbance of hows) {
    for (const times of [1, Number.POSITIVE_INFINITY]) {
      for (let at = 0, reached = true; reached; at += 1) {
        const world = await prepare();
        let writes = -1;
        world.table.onCall = (call: TwinCall) => {
          if (call.op === 'transact') writes += 1;
          const hit = writes >= at && writes < at + times;
          // From the fault on nothing gets through when it lasts: as if the caller had died there.
          return hit && (call.op === 'transact' || times > 1) ? disturbance : undefined;
        };
        await world.clock.runUntil(run(world).catch(() => undefined));
        reached = writes >= at;
        world.table.onCall = undefined;
        if (reached) points += 1;
        await check(
          world,
          `${disturbance.kind} ${disturbance.kind === 'after' ? disturbance.code : ''} x${times} at write ${at}`,
        );
      }
    }
  }
  return points;
}

describe('whatever write or reply is lost, a repetition with the same key', () => {
  it('gives the same job', async () => {
    let poolId = '';
    const points = await disturbed(
      async () => {
        const world = await makeWorld();
        ({ poolId } = await makePool(world, 0));
        return world;
      },
      (world) => registerJob(world.app, world.service, jobBody(world, poolId), 'k'),
      async (world, how) => {
        const again = ok(await registerJob(world.app, world.service, jobBody(world, poolId), 'k'));
        const jobs = await jobsOf(world, poolId);
        expect(
          jobs.map((stored) => stored.row.jobId),
          how,
        ).toEqual([again.jobId]);
      },
    );
    expect(points).toBeGreaterThanOrEqual(6);
  });

  it('gives the same pool, whole and counted once', async () => {
    const points = await disturbed(
      () => makeWorld({ maxPools: 1 }),
      (world) => createPool(world.app, world.account, wishFor(world, 2), 'k'),
      async (world, how) => {
        const { pool } = ok(
          await world.clock.runUntil(createPool(world.app, world.account, wishFor(world, 2), 'k')),
        );
        const again = ok(await createPool(world.app, world.account, wishFor(world, 2), 'k'));
        expect(again, how).toMatchObject({ outcome: 'replayed', pool: { poolId: pool.poolId } });
        expect((await world.app.store.get('account', { subscriptionId }))?.row.pools, how).toBe(1);
        await ticked(world);
        expect(
          (await poolsOf(world)).map((one) => one.row),
          how,
        ).toEqual([expect.objectContaining({ kind: 'live', poolId: pool.poolId })]);
        const vms = await collect(world.app, { of: 'vms', tag: tagOf(pool.poolId) });
        expect(vms, how).toHaveLength(2);
        // A `live` row without a pool is given up in time, without touching the quota.
        await world.clock.advance(3 * limits.requestMsMax + 1);
        await ticked(world);
        expect((await world.app.store.get('account', { subscriptionId }))?.row.pools, how).toBe(1);
      },
    );
    expect(points).toBeGreaterThanOrEqual(24);
  });
});

describe('a pool', () => {
  const create = (world: World, vmCount = 0, key = 'k') =>
    createPool(world.app, world.account, wishFor(world, vmCount), key);

  it('is the same one for the same key and body, and shown as it is now', async () => {
    const world = await makeWorld({ maxPools: 1 });
    const first = ok(await create(world));
    expect(first.outcome).toBe('created');
    const { poolId } = first.pool;
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 3 }));
    expect(ok(await create(world))).toMatchObject({
      outcome: 'replayed',
      pool: { poolId, wish: { vmCount: 3 } },
    });
    expect(refusedWith(await create(world, 5))).toBe('IdempotencyKeyReuse');
    expect(refusedWith(await create(world, 0, 'other'))).toBe('PoolQuotaExceeded');
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 0 }));
    ok(await deletePool(world.app, world.account, poolId, 'cancel'));
    expect(ok(await create(world)).pool).toMatchObject({ poolId, kind: expect.stringMatching('delet') });
  });

  it('is made once by twenty callers at once, within a quota of one', async () => {
    const world = await makeWorld({ maxPools: 1 });
    const apps = [world.app, makeApp({ ...world, seed: 2 })];
    const callers = Array.from({ length: 20 }, (_, n) =>
      createPool(apps[n % 2] ?? world.app, world.account, wishFor(world, 2), 'k'),
    );
    const made = (await world.clock.runUntil(Promise.all(callers))).map((one) => ok(one));
    expect(new Set(made.map((one) => one.pool.poolId)).size).toBe(1);
    expect(made.filter((one) => one.outcome === 'created')).toHaveLength(1);
    expect(await poolsOf(world)).toHaveLength(1);
    expect((await world.app.store.get('account', { subscriptionId }))?.row.pools).toBe(1);
    expect(await collect(world.app, { of: 'live' })).toHaveLength(1);
    const [pool] = made;
    expect(await collect(world.app, { of: 'vms', tag: tagOf(pool?.pool.poolId ?? '') })).toHaveLength(2);
  });

  it('that a repetition has completed is given to its slow creator too', async () => {
    const world = await makeWorld({ maxPools: 1 });
    const slow = Promise.withResolvers<void>();
    let held = 0;
    world.table.onCall = async (call) => {
      if (call.op === 'transact' && call.table === 'millpondpools' && held++ === 0) await slow.promise;
      return undefined;
    };
    const first = create(world, 2);
    // Nothing else sleeps: it goes as far as the write that is held.
    await world.clock.advance(0);
    expect(held).toBe(1);
    const second = ok(await world.clock.runUntil(create(world, 2)));
    slow.resolve();
    const made = ok(await world.clock.runUntil(first));
    expect([made.pool.poolId, second.outcome]).toEqual([second.pool.poolId, 'replayed']);
    expect(await collect(world.app, { of: 'vms', tag: tagOf(made.pool.poolId) })).toHaveLength(2);
    expect((await world.app.store.get('account', { subscriptionId }))?.row.pools).toBe(1);
  });

  it('whose making was given up is made anew under its key', async () => {
    const world = await makeWorld({ maxPools: 1 });
    world.table.onCall = (call) =>
      call.op === 'transact' && call.table === 'millpondpools'
        ? { kind: 'before', code: 'unreachable', maybeDone: false }
        : undefined;
    await world.clock.runUntil(create(world).catch(() => undefined));
    world.table.onCall = undefined;
    const [half] = await poolsOf(world);
    expect(half?.row.kind).toBe('making');
    await world.clock.advance(3 * limits.requestMsMax);
    await ticked(world);
    expect(await poolsOf(world)).toEqual([]);
    const made = ok(await create(world));
    expect(made.outcome).toBe('created');
    expect(made.pool.poolId).not.toBe(half?.row.poolId);
    expect(ok(await create(world))).toMatchObject({
      outcome: 'replayed',
      pool: { poolId: made.pool.poolId },
    });
  });

  it('is found by its key for 24 hours', async () => {
    const world = await makeWorld();
    await world.clock.advance(3_600_000);
    const { pool } = ok(await create(world));
    await world.clock.advance(limits.idempotencyMs - 1);
    expect(ok(await create(world)).pool.poolId).toBe(pool.poolId);
    await world.clock.advance(1);
    expect(ok(await create(world)).pool.poolId).not.toBe(pool.poolId);
  });
});

describe('old keys', () => {
  it('are removed by the tick, and none that may still be written', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    const keys = () =>
      Promise.all([
        collect(world.app, { of: 'job-keys', tag: tagOf(poolId) }),
        collect(world.app, { of: 'job-keys', tag: classicTag }),
        collect(world.app, { of: 'pool-keys', subscriptionId }),
      ]).then((found) => found.map((rows) => rows.length));
    await world.clock.advance(3_600_000);
    ok(await registerJob(world.app, world.service, jobBody(world, poolId), 'k'));
    ok(await registerJob(world.app, world.service, jobBody(world), 'k'));
    ok(await createPool(world.app, world.account, wishFor(world), 'k'));
    await ticked(world);
    expect(await keys()).toEqual([1, 1, 1]);
    await world.clock.advance(limits.idempotencyMs);
    ok(await registerJob(world.app, world.service, jobBody(world, poolId), 'k'));
    await ticked(world);
    expect(await keys()).toEqual([2, 1, 1]);
    await world.clock.advance(limits.idempotencyMs);
    await ticked(world);
    expect(await keys()).toEqual([1, 0, 0]);
    expect((await jobsOf(world, classicPoolId)).length).toBe(1);
  });

  it('are removed some at a time, at no cost of those that are in use', async () => {
    const world = await makeWorld();
    const pool = await makePool(world, 0);
    const tag = tagOf(pool.poolId);
    await world.clock.advance(2 * limits.idempotencyMs);
    const today = Math.floor(world.clock.now() / limits.idempotencyMs);
    const rows = Array.from({ length: 700 }, (_, n) => ({
      do: 'create' as const,
      kind: 'jobKey' as const,
      row: {
        poolId: pool.poolId,
        jobId: tag,
        bodyHash: '',
        day: today - (n % 2 === 0 ? 1 : 2),
        keyHash: String(n).padStart(64, '0'),
        createdMs: 0,
      },
    }));
    for (let at = 0; at < rows.length; at += 100) await world.app.store.commit(rows.slice(at, at + 100));
    const sweep = async () => {
      world.table.resetCounts();
      const swept = await sweepPool(world.app, pool);
      const { rowsRead, rowsWritten } = world.table.counts;
      return [swept, rowsRead, rowsWritten, (await collect(world.app, { of: 'job-keys', tag })).length];
    };
    expect(await sweep()).toEqual(['more', 200, 200, 500]);
    expect(await sweep()).toEqual(['done', 150, 150, 350]);
    await world.clock.advance(limits.sweepRestMs);
    expect(await sweep()).toEqual(['done', 0, 0, 350]);
  });

  it('that two instances sweep at once are gone, and nothing else', async () => {
    const world = await makeWorld();
    const pool = await makePool(world, 0);
    ok(await registerJob(world.app, world.service, jobBody(world, pool.poolId), 'k'));
    await world.clock.advance(2 * limits.idempotencyMs);
    ok(await registerJob(world.app, world.service, jobBody(world, pool.poolId), 'k'));
    const other = makeApp({ ...world, seed: 3 });
    await Promise.all([sweepPool(world.app, pool), sweepPool(other, pool)]);
    // On the second day's beginning the key is written for that day and the one before it.
    expect(
      (await collect(world.app, { of: 'job-keys', tag: tagOf(pool.poolId) })).map((one) => one.row.createdMs),
    ).toEqual([world.clock.now(), world.clock.now()]);
  });
});
