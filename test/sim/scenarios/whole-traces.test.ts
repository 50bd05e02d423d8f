/** Races by their whole trace, where the list names a part of it. */
import { describe, expect, it } from 'vitest';
import { collect } from '../../../shared/app/all-rows.ts';
import { dispatch } from '../../../shared/app/dispatch.ts';
import { deletePool, getPool, resizePool } from '../../../shared/app/pools.ts';
import { makeOneAtATime } from '../../../shared/app/one-at-a-time.ts';
import { reconcile } from '../../../shared/app/reconcile.ts';
import { bye, takeBeat } from '../../../shared/app/vm-calls.ts';
import { tagOf } from '../../../shared/core/ids.ts';
import { limits } from '../../../shared/core/limits.ts';
import { makeStorageClock } from '../../../shared/storage/storage-clock.ts';
import {
  bootAll,
  job,
  makePool,
  makeWorld,
  nonceOf,
  ok,
  started,
  subscriptionId,
  ticked,
  vmsOf,
  type World,
} from '../../app/world.ts';
import { otherApp } from './other-app.ts';

const minuteMs = 60_000;

async function idleVms(count: number) {
  const world = await makeWorld({ config: { dispatch: 'timer' } });
  const { poolId } = await makePool(world, count);
  const tag = tagOf(poolId);
  await reconcile(world.app, tag);
  return { world, poolId, tag, vmIds: await bootAll(world, poolId) };
}

async function ledgerOf(world: World) {
  const [plan] = await collect(world.app, { of: 'plans', subscriptionId });
  return (await collect(world.app, { of: 'ledger', planId: plan?.row.planId ?? '' })).map(({ row }) => row);
}

const sum = (lines: readonly { fromMs: number; toMs: number }[]) =>
  lines.reduce((ms, { fromMs, toMs }) => ms + toMs - fromMs, 0);

describe('a pool', () => {
  it('that is deleted at 10:20 is billed to 10:20', async () => {
    const { world, poolId, tag, vmIds } = await idleVms(1);
    const [vmId = ''] = vmIds;
    const bootMs = world.clock.now();
    for (let n = 0; n < 80 * 4; n += 1) {
      await world.clock.advance(limits.beatIdleMs);
      await takeBeat(world.app, vmId, { nonce: nonceOf(vmId) });
    }
    ok(await deletePool(world.app, world.account, poolId, 'refuse'));
    await reconcile(world.app, tag);
    await bye(world.app, vmId, nonceOf(vmId));
    await reconcile(world.app, tag);
    await world.clock.advance(2 * 60 * minuteMs);
    await ticked(world);
    const lines = await ledgerOf(world);
    expect(
      lines
        .map(({ toMs }) => toMs)
        .toSorted((a, b) => a - b)
        .at(-1),
    ).toBe(bootMs + 80 * minuteMs);
    expect(sum(lines)).toBe(80 * minuteMs);
  });

  it('gets no more VMs than wished for when two instances add them at once', async () => {
    const world = await makeWorld({ maxVmsPerPool: 9, config: { dispatch: 'timer' } });
    const { poolId } = await makePool(world, 3);
    const tag = tagOf(poolId);
    await reconcile(otherApp(world, { write: () => reconcile(world.app, tag) }), tag);
    expect(await vmsOf(world, poolId)).toHaveLength(3);
    expect(await collect(world.app, { of: 'gone', tag })).toEqual([]);
  });

  it('keeps the newer of two resizes when the older one meets it at its commit and looks again', async () => {
    const { world, poolId } = await idleVms(1);
    const [reached, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = otherApp(world, {
      write: async () => {
        reached.resolve();
        await free.promise;
      },
    });
    const older = resizePool(late, world.account, poolId, { vmCount: 0 });
    await reached.promise;
    await world.clock.advance(1_000);
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 3 }));
    free.resolve();
    ok(await world.clock.runUntil(older));
    expect(ok(await getPool(world.app, world.account, poolId)).pool.wish.vmCount).toBe(3);
  });
});

describe('a VM', () => {
  it('is not lost by the first tick after a stall of ten minutes, in which its beats came to nothing', async () => {
    const { world, poolId, tag, vmIds } = await idleVms(1);
    const [vmId = ''] = vmIds;
    const jobId = await started(world, poolId);
    await dispatch(world.app, tag);
    await world.clock.advance(10 * minuteMs);
    await ticked(world);
    const call = { nonce: nonceOf(vmId), job: { jobId, attempt: 1, rowsDone: 1 } };
    expect((await takeBeat(world.app, vmId, call)).kind).toBe('go-on');
    await world.clock.advance(limits.suspectMs);
    await ticked(world);
    expect(await job(world, jobId)).toMatchObject({ kind: 'running', attempt: 1, losses: 0 });
  });

  it.each([20, -20])('is not lost by an instance whose own clock is %i minutes off', async (minutes) => {
    const { world, poolId, tag, vmIds } = await idleVms(1);
    const [vmId = ''] = vmIds;
    const clock = makeStorageClock({
      wallMs: () => world.clock.now() + minutes * minuteMs,
      monotonicMs: () => world.clock.now(),
    });
    const other = { ...otherApp(world, {}), clock: { ...clock, sleep: world.app.clock.sleep } };
    clock.heard(new Date(world.clock.now()).toUTCString(), world.clock.now());
    for (let look = 0; look < 3; look += 1) {
      await reconcile(other, tag);
      await world.clock.advance(limits.suspectMs);
    }
    expect(await vmsOf(world, poolId)).toMatchObject([{ vmId, kind: 'idle' }]);
    expect((await vmsOf(world, poolId))[0]).not.toHaveProperty('suspectMs');
  });

  it('that was up at 18:30 when its host went is billed to 18:30, by the host that comes at 9:00', async () => {
    const { world, poolId, tag, vmIds } = await idleVms(1);
    const [vmId = ''] = vmIds;
    const bootMs = world.clock.now();
    for (let n = 0; n < 30 * 4; n += 1) {
      await world.clock.advance(limits.beatIdleMs);
      await takeBeat(world.app, vmId, { nonce: nonceOf(vmId) });
    }
    await world.clock.advance(14.5 * 60 * minuteMs);
    const morning = otherApp(world, {});
    (morning.compute as unknown as { holder: string }).holder = 'self';
    await reconcile(morning, tag);
    const lines = await ledgerOf(world);
    expect(sum(lines)).toBe(30 * minuteMs);
    expect(Math.max(...lines.map(({ toMs }) => toMs))).toBe(bootMs + 30 * minuteMs);
    expect((await vmsOf(world, poolId)).map(({ kind }) => kind)).toEqual(['provisioning']);
  });
});

describe('one dispatch at a time', () => {
  it('is followed by one more for whoever came while it ran', async () => {
    const oneAtATime = makeOneAtATime();
    const ends: (() => void)[] = [];
    const run = () => new Promise<void>((resolve) => ends.push(resolve));
    const all = Array.from({ length: 50 }, () => oneAtATime('a pool', run));
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await all[0];
    await Promise.resolve();
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await Promise.all(all);
    expect(ends).toHaveLength(2);
  });
});
