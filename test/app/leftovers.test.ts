/** What an instance leaves behind that dies, or comes late, is found by a sweep; what only looks left behind is not touched. */
import { describe, expect, it } from 'vitest';
import { collect } from '../../shared/app/all-rows.ts';
import { createPool } from '../../shared/app/create-pool.ts';
import { dispatch } from '../../shared/app/dispatch.ts';
import { ensureClassicPool } from '../../shared/app/pool-of-tag.ts';
import { deletePool, getPool, resizePool } from '../../shared/app/pools.ts';
import { registerJob } from '../../shared/app/register.ts';
import { startJob } from '../../shared/app/start.ts';
import { tick } from '../../shared/app/tick.ts';
import { classicPoolId, classicTag, tagOf } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import { tables } from '../../shared/storage/row-places.ts';
import { placesOf } from './aged-world.ts';
import { dyingApp } from './dying-app.ts';
import {
  bootAll,
  job,
  jobBody,
  makeApp,
  makePool,
  makeWorld,
  ok,
  refusedWith,
  registered,
  started,
  subscriptionId,
  ticked,
  workOff,
  type World,
} from './world.ts';

const dayMs = 86_400_000;

/** The next write of the kind waits until it is let go. */
function holdWrite(world: World, rkPrefix: string): { reached: Promise<void>; letGo(): void } {
  const reached = Promise.withResolvers<void>();
  const free = Promise.withResolvers<void>();
  world.table.onCall = async (call) => {
    if (call.op !== 'transact' || !call.ops.some((op) => op.rk.startsWith(rkPrefix))) return undefined;
    world.table.onCall = undefined;
    reached.resolve();
    await free.promise;
    return undefined;
  };
  return { reached: reached.promise, letGo: () => free.resolve() };
}

describe('a request that comes late to a deleted pool', () => {
  const secrets = (world: World, poolId: string) => collect(world.app, { of: 'specs', tag: tagOf(poolId) });

  it.each(['register', 'start'] as const)('leaves no job and no secret: %s', async (what) => {
    const world = await makeWorld();
    // It dies after its commit: whoever lives on dispatches then, and finds out at once.
    const dying = dyingApp(world, 1, 'after');
    const { poolId } = await makePool(world, 0);
    const known = what === 'start' ? await registered(world, poolId) : '';
    const held = holdWrite(world, what === 'start' ? 'wait|' : 'job|');
    const late =
      what === 'start'
        ? startJob(dying, world.service, known)
        : registerJob(dying, world.service, jobBody(world, poolId));
    const ended = late.then(
      () => 'answered',
      () => 'dead',
    );
    await held.reached;
    ok(await deletePool(world.app, world.account, poolId, 'refuse'));
    expect(ok(await getPool(world.app, world.account, poolId)).pool.kind).toBe('deleted');
    held.letGo();
    expect(await ended).toBe('dead');
    expect(await secrets(world, poolId)).toHaveLength(1);
    await world.clock.advance(3 * limits.requestMsMax);
    await ticked(world);
    expect(await secrets(world, poolId)).toEqual([]);
    const [only] = await collect(world.app, { of: 'jobs', tag: tagOf(poolId) });
    expect(only?.row).toMatchObject({ kind: 'cancelled', reason: expect.stringContaining('deleted') });
    expect(await collect(world.app, { of: 'queue', tag: tagOf(poolId) })).toEqual([]);
    // It ended after its pool did: the pool waits for it.
    await world.clock.advance(limits.jobRetentionMs - limits.requestMsMax);
    await ticked(world);
    expect(await job(world, only?.row.jobId ?? '')).toBeDefined();
    expect(ok(await getPool(world.app, world.account, poolId)).pool.kind).toBe('deleted');
    await world.clock.advance(limits.sweepSeldomMs);
    await ticked(world);
    expect(placesOf(world).filter((place) => place.includes(tagOf(poolId)))).toEqual([]);
  });
});

describe('a place in the queue', () => {
  it('that its job has taken again is not removed for the one that it had left', async () => {
    const world = await makeWorld({ config: { dispatch: 'timer' } });
    const { poolId } = await makePool(world, 1);
    await ticked(world);
    await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    const tag = tagOf(poolId);
    // One dispatcher has read the queue before another one gives the job to a VM, and the job when it runs.
    const slow = makeApp({ ...world, seed: 7 });
    const read = Promise.withResolvers<void>();
    const free = Promise.withResolvers<void>();
    world.table.onCall = async (call) => {
      if (call.op !== 'get' || !call.rk.startsWith('job|')) return undefined;
      world.table.onCall = undefined;
      read.resolve();
      await free.promise;
      return undefined;
    };
    const slowly = dispatch(slow, tag);
    await read.promise;
    await dispatch(world.app, tag);
    expect((await job(world, jobId))?.kind).toBe('running');
    const held = holdWrite(world, 'wait|');
    free.resolve();
    await held.reached;
    // Its VM is taken away, and it waits again, in the same place.
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 0, busyVms: 'requeue' }));
    await ticked(world);
    expect((await job(world, jobId))?.kind).toBe('queued');
    held.letGo();
    await world.clock.runUntil(slowly);
    expect((await collect(world.app, { of: 'queue', tag })).map(({ row }) => row.jobId)).toEqual([jobId]);
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 1 }));
    await ticked(world);
    const [vmId = ''] = await bootAll(world, poolId);
    await ticked(world);
    expect(await workOff(world, vmId)).toContain(jobId);
  });
});

describe('a pool that is half made', () => {
  it('is made whole when it is the classic queue, however late', async () => {
    const world = await makeWorld();
    await ensureClassicPool(dyingApp(world, 2, 'before')).catch(() => undefined);
    expect(await collect(world.app, { of: 'live' })).toHaveLength(1);
    await world.clock.advance(dayMs);
    await ticked(world);
    expect((await world.app.store.get('pool', { poolId: classicPoolId }))?.row.kind).toBe('active');
    expect((await job(world, await started(world)))?.kind).toBe('queued');
  });

  it('is given up with a tombstone, which goes in its time', async () => {
    const world = await makeWorld();
    const swaggerUrl = `http://x/subscriptions/${subscriptionId}/services/${world.service.serviceId}/swagger.json`;
    const before = placesOf(world);
    await createPool(dyingApp(world, 3, 'before'), world.account, { vmCount: 1, swaggerUrl }).catch(
      () => undefined,
    );
    await world.clock.advance(3 * limits.requestMsMax);
    await ticked(world);
    await world.clock.advance(limits.jobRetentionMs);
    await ticked(world);
    expect(placesOf(world)).toEqual(before);
  });
});

describe('a pool that is half removed', () => {
  it('is never taken for one that is half made, by whoever read its live row long before', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    ok(await deletePool(world.app, world.account, poolId, 'refuse'));
    await world.clock.advance(limits.jobRetentionMs - 1);
    await ticked(world);
    expect(ok(await getPool(world.app, world.account, poolId)).pool.kind).toBe('deleted');
    await world.clock.advance(dayMs);
    // A tick that has read the live row, and stops before it reads the pool.
    const slow = makeApp({ ...world, seed: 9 });
    const read = Promise.withResolvers<void>();
    const free = Promise.withResolvers<void>();
    world.table.onCall = async (call) => {
      if (call.op !== 'get' || call.table !== tables.pools) return undefined;
      world.table.onCall = undefined;
      read.resolve();
      await free.promise;
      return undefined;
    };
    const slowly = tick(slow);
    await read.promise;
    // The other one dies between the pool's own row and the live row.
    await tick(dyingApp(world, 3, 'before')).catch(() => undefined);
    expect(await world.app.store.get('pool', { poolId })).toBeUndefined();
    expect(await collect(world.app, { of: 'live' })).toHaveLength(1);
    free.resolve();
    await world.clock.runUntil(slowly);
    expect(refusedWith(await getPool(world.app, world.account, poolId))).toBe('PoolNotFound');
    expect(placesOf(world).filter((place) => place.includes(tagOf(poolId)))).toEqual([]);
  });
});

it('the classic queue itself is never retired', async () => {
  const world = await makeWorld();
  await ensureClassicPool(world.app);
  await world.clock.advance(400 * dayMs);
  await ticked(world);
  expect((await collect(world.app, { of: 'live' })).map(({ row }) => row.tag)).toEqual([classicTag]);
});

it('a deleted pool is looked at for days, and from then on not before its jobs may go', async () => {
  const world = await makeWorld();
  const { poolId } = await makePool(world, 0);
  ok(await deletePool(world.app, world.account, poolId, 'refuse'));
  const looks: number[] = [];
  const deletedMs = world.clock.now();
  world.table.onCall = async (call) => {
    if (call.op === 'query' && call.query.pk === tagOf(poolId) && call.query.from.startsWith('spec|'))
      looks.push(world.clock.now() - deletedMs);
    return undefined;
  };
  for (let hours = 0; hours < 31 * 24; hours += 3) {
    await world.clock.advance(dayMs / 8);
    await ticked(world);
  }
  expect(looks.filter((ms) => ms < 2 * dayMs).length).toBeGreaterThanOrEqual(7);
  expect(looks.filter((ms) => ms > 3 * dayMs && ms < limits.jobRetentionMs)).toEqual([]);
  expect(placesOf(world).filter((place) => place.includes(tagOf(poolId)))).toEqual([]);
});
