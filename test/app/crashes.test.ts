/** An instance dies at each of its writes in turn; another one's tick puts right what it left behind. */
import { describe, expect, it } from 'vitest';
import { collect } from '../../shared/app/all-rows.ts';
import { createPool } from '../../shared/app/create-pool.ts';
import { deletePool, getPool, listPools, resizePool } from '../../shared/app/pools.ts';
import { tick } from '../../shared/app/tick.ts';
import { tagOf } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import { dyingApp, points } from './dying-app.ts';
import {
  bootAll,
  makePool,
  makeWorld,
  ok,
  refusedWith,
  started,
  subscriptionId,
  ticked,
  vmsOf,
  workOff,
  job,
  type World,
} from './world.ts';

const swaggerUrl = (world: World) =>
  `http://x/subscriptions/${subscriptionId}/services/${world.service.serviceId}/swagger.json`;
const poolsOf = async (world: World) => (await world.app.store.get('account', { subscriptionId }))?.row.pools;
describe('an instance that dies', () => {
  it.each(points(6))('at write %i (%s it) of a creation leaves a whole pool or none', async (n, when) => {
    const world = await makeWorld({ maxPools: 1 });
    const app = dyingApp(world, n, when);
    await createPool(app, world.account, { vmCount: 1, swaggerUrl: swaggerUrl(world) }).catch(
      () => undefined,
    );
    await ticked(world);
    await world.clock.advance(3 * limits.requestMsMax);
    await ticked(world);
    // A VM that did not come up meanwhile is replaced after its pause.
    await world.clock.advance(limits.replaceBackoffMs);
    await ticked(world);
    const { pools } = await listPools(world.app, world.account, { top: 10 });
    expect(await poolsOf(world)).toBe(pools.length);
    if (pools.length === 0) await makePool(world, 1);
    else expect(pools[0]).toMatchObject({ pool: { kind: 'active', wish: { vmCount: 1 } } });
    const [only] = (await listPools(world.app, world.account, { top: 10 })).pools;
    expect(await bootAll(world, only?.pool.poolId ?? '')).toHaveLength(1);
    expect(
      refusedWith(await createPool(world.app, world.account, { vmCount: 1, swaggerUrl: swaggerUrl(world) })),
    ).toBe('PoolQuotaExceeded');
  });

  it.each(points(8))('at write %i (%s it) of a deletion leaves nothing behind', async (n, when) => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    const app = dyingApp(world, n, when);
    await deletePool(app, world.account, poolId, 'cancel').catch(() => undefined);
    // Its caller asks again; another instance answers.
    ok(await deletePool(world.app, world.account, poolId, 'cancel'));
    await ticked(world);
    await workOff(world, vmId);
    await ticked(world);
    expect(ok(await getPool(world.app, world.account, poolId)).pool.kind).toBe('deleted');
    expect((await job(world, jobId))?.kind).toBe('cancelled');
    expect(await poolsOf(world)).toBe(0);
    for (const of of ['vms', 'queue', 'specs'] as const)
      expect(await collect(world.app, { of, tag: tagOf(poolId) })).toEqual([]);
  });

  it.each(points(8))(
    'at write %i (%s it) of a tick that ends a pool loses no second and no quota',
    async (n, when) => {
      const world = await makeWorld({ config: { dispatch: 'timer' } });
      const { poolId } = await makePool(world, 1);
      await ticked(world);
      const [vmId = ''] = await bootAll(world, poolId);
      await world.clock.advance(40_000);
      ok(await deletePool(world.app, world.account, poolId, 'refuse'));
      await ticked(world);
      await workOff(world, vmId);
      const app = dyingApp(world, n, when);
      await tick(app).catch(() => undefined);
      await world.clock.runUntil(ticked(world));
      expect(ok(await getPool(world.app, world.account, poolId)).pool.kind).toBe('deleted');
      expect(await poolsOf(world)).toBe(0);
      const [plan] = await collect(world.app, { of: 'plans', subscriptionId });
      const lines = await collect(world.app, { of: 'ledger', planId: plan?.row.planId ?? '' });
      expect(lines.map(({ row }) => row.toMs - row.fromMs)).toEqual([40_000]);
      const [live] = await collect(world.app, { of: 'live' });
      expect(live?.row.dueMs).toBeGreaterThan(world.clock.now());
    },
  );
});

describe('resizing and deleting', () => {
  it('while VMs are provisioned calls them off, and they cost nothing', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 3);
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 1 }));
    expect(await vmsOf(world, poolId)).toHaveLength(1);
    expect(world.machines.running.size).toBe(1);
    ok(await deletePool(world.app, world.account, poolId, 'refuse'));
    expect(ok(await getPool(world.app, world.account, poolId)).pool.kind).toBe('deleted');
    expect(world.machines.running.size).toBe(0);
  });

  it('twice, and a resize of what is going, are answered as what they are', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    await bootAll(world, poolId);
    expect(ok(await deletePool(world.app, world.account, poolId, 'refuse')).pool.kind).toBe('deleting');
    expect(ok(await deletePool(world.app, world.account, poolId, 'refuse')).pool.kind).toBe('deleting');
    expect(refusedWith(await resizePool(world.app, world.account, poolId, { vmCount: 2 }))).toBe(
      'PoolDeleting',
    );
  });

  it('the last wish wins: an older one that is repeated changes nothing', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 1);
    const late = {
      ...world.app,
      clock: { ...world.app.clock, now: () => world.clock.now() - 60_000, sleep: world.app.clock.sleep },
    };
    await world.clock.advance(120_000);
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 3 }));
    ok(await resizePool(late, world.account, poolId, { vmCount: 0 }));
    expect(ok(await getPool(world.app, world.account, poolId)).pool.wish.vmCount).toBe(3);
  });

  it('up and down at once, by many callers, ends at one of the wishes', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 2);
    const wishes = [0, 4, 1, 3, 5];
    await world.clock.runUntil(
      Promise.all(wishes.map((vmCount) => resizePool(world.app, world.account, poolId, { vmCount }))),
    );
    await world.clock.runUntil(ticked(world));
    const { vmCount } = ok(await getPool(world.app, world.account, poolId)).pool.wish;
    expect(wishes).toContain(vmCount);
    expect(await vmsOf(world, poolId)).toHaveLength(vmCount);
  });
});
