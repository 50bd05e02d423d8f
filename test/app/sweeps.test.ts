/** What is over goes, in its time and with everything that belongs to it; nothing else does, whoever dies or helps. */
import { describe, expect, it } from 'vitest';
import { collect } from '../../shared/app/all-rows.ts';
import { getPool } from '../../shared/app/pools.ts';
import { jobStatus } from '../../shared/app/status.ts';
import { tick } from '../../shared/app/tick.ts';
import { classicPoolId, classicTag, tagOf } from '../../shared/core/ids.ts';
import { useOf } from '../../shared/core/metering.ts';
import { ensureClassicPool } from '../../shared/app/pool-of-tag.ts';
import { limits } from '../../shared/core/limits.ts';
import { placesOf, makeAged, textOf, type Aged } from './aged-world.ts';
import { dyingApp, points } from './dying-app.ts';
import { finishedJobs, writeRows } from './old-rows.ts';
import { planOf } from './classic-world.ts';
import { job, makeApp, makeWorld, ok, refusedWith, subscriptionId, ticked, type World } from './world.ts';

const dayMs = 86_400_000;

/** Ticks until every sweep has rested. */
async function settled(world: World): Promise<void> {
  for (let n = 0; n < 4; n += 1) {
    await world.clock.runUntil(ticked(world));
    await world.clock.advance(limits.sweepSeldomMs);
  }
}

async function ledgerOf(world: World) {
  const plans = await collect(world.app, { of: 'plans', subscriptionId });
  const lines = await Promise.all(
    plans.map(({ row }) => collect(world.app, { of: 'ledger', planId: row.planId })),
  );
  return lines.flat().map(({ row }) => row);
}

const statusOf = async ({ world, jobs }: Aged) =>
  ok(await jobStatus(world.app, world.service, jobs.finished));

describe('the SAS of a result', () => {
  it('is given for 24 hours after the end of its job; then it is in no row any more, and the place stays', async () => {
    const aged = await makeAged();
    const { world, jobs } = aged;
    const ended = await job(world, jobs.finished);
    if (ended?.kind !== 'finished') throw new Error('it has not finished');
    await world.clock.advanceTo(ended.endMs + limits.resultSasMs);
    await ticked(world);
    const token = (await statusOf(aged)).results?.['output1']?.token;
    expect(token).toMatch(/^\?/);
    await world.clock.advance(limits.sweepRestMs);
    await ticked(world);
    expect((await statusOf(aged)).results).toEqual({
      output1: { baseLocation: expect.any(String), relativeLocation: 'outputs/scored.csv' },
    });
    await settled(world);
    // Of jobs of deleted pools and of classic ones too.
    expect(textOf(world)).not.toContain('tokenSealed');
    expect(await collect(world.app, { of: 'expiries', tag: tagOf(jobs.finished) })).toEqual([]);
    expect(await job(world, jobs.finished)).toMatchObject({ kind: 'finished', rows: 1, endMs: ended.endMs });
  });
});

describe('a final job', () => {
  it('is kept for 30 days after its end, and what it cost for ever; one that is not final stays', async () => {
    const { world, jobs, classicJob } = await makeAged();
    await settled(world);
    const ledger = await ledgerOf(world);
    expect(ledger.map((line) => line.kind).toSorted()).toEqual(['classic', 'vm', 'vm']);
    const final = [jobs.finished, jobs.failed, jobs.cancelled, jobs.ofDeleted, classicJob];
    const there = async () => (await Promise.all(final.map((id) => job(world, id)))).map((one) => one?.kind);
    // Settling takes a day each time.
    await world.clock.advance(27 * dayMs);
    await settled(world);
    expect(await there()).toEqual(['finished', 'failed', 'cancelled', 'finished', 'finished']);
    await world.clock.advance(dayMs);
    await settled(world);
    expect(await there()).toEqual(final.map(() => undefined));
    expect((await job(world, jobs.queued))?.kind).toBe('queued');
    expect(await collect(world.app, { of: 'queue', tag: tagOf(jobs.queued) })).toHaveLength(1);
    expect(await collect(world.app, { of: 'specs', tag: tagOf(jobs.queued) })).toHaveLength(1);
    expect(await ledgerOf(world)).toEqual(ledger);
  });
});

describe('after a month without any host', () => {
  it('nothing is left of a deleted pool but its lines', async () => {
    const { world, deletedId, poolId } = await makeAged();
    await world.clock.advance(29 * dayMs);
    await settled(world);
    expect(ok(await getPool(world.app, world.account, deletedId)).pool.kind).toBe('deleted');
    await world.clock.advance(2 * dayMs);
    await settled(world);
    expect(refusedWith(await getPool(world.app, world.account, deletedId))).toBe('PoolNotFound');
    expect(placesOf(world).filter((place) => place.includes(tagOf(deletedId)))).toEqual([
      expect.stringContaining('millpondledger'),
    ]);
    expect((await collect(world.app, { of: 'live' })).map(({ row }) => row.tag).toSorted()).toEqual(
      [classicTag, tagOf(poolId)].toSorted(),
    );
    expect(await collect(world.app, { of: 'gone', tag: tagOf(poolId) })).toEqual([]);
    expect(placesOf(world).filter((place) => place.includes(' idem|'))).toEqual([]);
  });

  it('what classic jobs cost is posted before they are removed', async () => {
    const world = await makeWorld();
    const { planId } = await planOf(world, 's1');
    await ensureClassicPool(world.app);
    const jobs = finishedJobs(world, classicPoolId, 250, world.clock.now(), 1_000).map((one) => ({
      ...one,
      payer: planId,
      startedMs: one.registeredMs,
      runningMs: one.registeredMs,
    }));
    await writeRows(world, 'job', jobs);
    await writeRows(
      world,
      'use',
      jobs.flatMap((one) => useOf(one) ?? []),
    );
    await world.clock.advance(31 * dayMs);
    await ticked(world);
    expect(await collect(world.app, { of: 'uses', tag: classicTag })).toEqual([]);
    await settled(world);
    expect(await collect(world.app, { of: 'jobs', tag: classicTag })).toEqual([]);
    expect(await ledgerOf(world)).toHaveLength(250);
  });

  /** What is left in the end, however the first tick went. */
  async function leftAfter(first: (world: World) => Promise<unknown>): Promise<string[]> {
    const { world } = await makeAged();
    await world.clock.advance(31 * dayMs);
    const before = placesOf(world).length;
    await first(world);
    await settled(world);
    const places = placesOf(world);
    expect(places.length).toBeLessThan(before);
    expect(textOf(world)).not.toContain('tokenSealed');
    return places;
  }

  const undisturbed = leftAfter(async () => undefined);

  const writes = 20;

  it('a tick writes no more often than it dies here', async () => {
    const { world } = await makeAged();
    await world.clock.advance(31 * dayMs);
    expect(await tick(dyingApp(world, writes + 1, 'before'))).toEqual({ pools: 3, failed: 0 });
  });

  it.each(points(writes))('a tick that dies at write %i (%s it) is made good', async (n, when) => {
    expect(
      await leftAfter(async (world) => {
        await tick(dyingApp(world, n, when)).catch(() => undefined);
        await world.clock.advance(limits.sweepRestMs);
      }),
    ).toEqual(await undisturbed);
  });

  it('two ticks at once remove what one does', async () => {
    const left = await leftAfter(async (world) => {
      const other = makeApp({ ...world, seed: 5 });
      await world.clock.runUntil(Promise.all([tick(world.app), tick(other), tick(other)]));
    });
    expect(left).toEqual(await undisturbed);
  });
});
