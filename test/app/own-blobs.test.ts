/** Our own containers hold nothing for longer than was promised, and nothing for less. */
import { describe, expect, it } from 'vitest';
import { sweepOwnBlobs } from '../../shared/app/sweep-own-blobs.ts';
import { makeUpload } from '../../shared/app/uploads.ts';
import type { OwnContainer } from '../../shared/app/ports.ts';
import { jobOfResult, resultName, uploadName } from '../../shared/core/own-blob-name.ts';
import { limits } from '../../shared/core/limits.ts';
import { makeApp, makePool, makeWorld, ok, registered, subscriptionId, ticked, type World } from './world.ts';
import { finishedJobs, writeRows } from './old-rows.ts';

const dayMs = 86_400_000;
const bytes = new Uint8Array([1]);

async function namesIn({ app }: World, container: OwnContainer): Promise<readonly string[]> {
  return (await app.blobs.list(container, { limit: 1_000 })).blobs.map(({ name }) => name);
}

describe('an uploaded file', () => {
  it('is there as long as its reference can be used, and goes within a day and an hour after it', async () => {
    const world = await makeWorld({ config: { uploadMs: 3 * dayMs } });
    await world.clock.advance(dayMs / 2);
    const upload = ok(await makeUpload(world.app, subscriptionId, 'data.csv'));
    expect(world.blobs.writeUrl(upload.uploadUrl, 'age\n39\n').kind).toBe('ok');
    const read = () =>
      world.blobs.readUrl(upload.baseLocation + upload.relativeLocation + upload.sasBlobToken);
    await world.clock.advance(3 * dayMs - 1);
    await ticked(world);
    expect(read().kind).toBe('ok');
    await world.clock.advance(dayMs + limits.sweepSeldomMs);
    await ticked(world);
    expect(await namesIn(world, 'millpond-uploads')).toEqual([]);
  });
});

describe('a result in a container of ours', () => {
  it('goes when its job has gone, and one that a zombie wrote later goes too', async () => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 0);
    const [old] = finishedJobs(world, poolId, 1, world.clock.now());
    if (old === undefined) throw new Error('no job');
    await writeRows(world, 'job', [old]);
    const mine = resultName(old.jobId, 'output1');
    expect(jobOfResult(mine)).toBe(old.jobId);
    // Registered as early, and unfinished still.
    const other = resultName(await registered(world, poolId), 'output1');
    for (const name of [mine, other]) await world.app.blobs.put('millpond-results', name, bytes);
    await world.clock.advance(limits.jobRetentionMs + dayMs);
    world.table.onCall = (call) =>
      call.op === 'query' && call.query.from.startsWith('job|')
        ? { kind: 'before', code: 'refused' }
        : undefined;
    await ticked(world);
    expect(await namesIn(world, 'millpond-results')).toEqual([mine, other].toSorted());
    world.table.onCall = undefined;
    await world.clock.advance(limits.sweepSeldomMs);
    await ticked(world);
    expect(await namesIn(world, 'millpond-results')).toEqual([other]);
    await world.app.blobs.put('millpond-results', mine, bytes);
    await world.clock.advance(limits.sweepSeldomMs);
    await ticked(world);
    expect(await namesIn(world, 'millpond-results')).toEqual([other]);
  });
});

describe('a sweep of our own containers', () => {
  const nameAt = (n: number, nowMs: number) =>
    uploadName(nowMs, subscriptionId, String(n).padStart(32, '0'), 'a.csv');

  it('removes some at a time, then rests; two at once and a lost call do no harm', async () => {
    const world = await makeWorld();
    const fresh = nameAt(0, world.clock.now() + 40 * dayMs);
    await world.app.blobs.put('millpond-uploads', fresh, bytes);
    for (let n = 0; n < 650; n += 1)
      await world.app.blobs.put('millpond-uploads', nameAt(n, world.clock.now()), bytes);
    // Of another making: nothing says that it is old.
    await world.app.blobs.put('millpond-uploads', 'readme.txt', bytes);
    await world.clock.advance(40 * dayMs);
    for (const left of [452, 252]) {
      await sweepOwnBlobs(world.app);
      expect(await namesIn(world, 'millpond-uploads')).toHaveLength(left);
    }
    let calls = 0;
    world.blobs.onCall = (op) => (op === 'remove' && (calls += 1) === 20 ? 'unreachable' : undefined);
    await expect(sweepOwnBlobs(makeApp({ ...world, seed: 3 }))).rejects.toThrow('injected');
    world.blobs.onCall = undefined;
    expect(await namesIn(world, 'millpond-uploads')).toHaveLength(233);
    await Promise.all([sweepOwnBlobs(world.app), sweepOwnBlobs(makeApp({ ...world, seed: 4 }))]);
    await sweepOwnBlobs(world.app);
    await world.clock.advance(limits.sweepSeldomMs);
    await sweepOwnBlobs(world.app);
    expect(await namesIn(world, 'millpond-uploads')).toEqual([fresh, 'readme.txt']);
    world.blobs.onCall = (op) => (op === 'list' ? 'unreachable' : undefined);
    await sweepOwnBlobs(world.app);
  });

  it('that fails is written down, and the tick goes on', async () => {
    const world = await makeWorld();
    await makePool(world, 0);
    world.blobs.onCall = (op) => (op === 'list' ? 'unreachable' : undefined);
    expect(await ticked(world)).toEqual({ pools: 1, failed: 0 });
  });
});
