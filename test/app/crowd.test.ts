/** Many jobs on many VMs that die, hang and are resized at random: nothing is lost, the order holds, and every millisecond is billed. */
import { describe, expect, it } from 'vitest';
import { collect } from '../../shared/app/all-rows.ts';
import { deletePool, getPool, resizePool } from '../../shared/app/pools.ts';
import type { App, Store } from '../../shared/app/ports.ts';
import { registerJob } from '../../shared/app/register.ts';
import { startJob } from '../../shared/app/start.ts';
import { tick } from '../../shared/app/tick.ts';
import { tagOf } from '../../shared/core/ids.ts';
import { hourMs } from '../../shared/core/plan.ts';
import { makeSeededRandom } from '../../shared/storage/seeded-random.ts';
import { makeCrew, type Crew, type OwnLife } from './crew.ts';
import { endpoint, job, jobBody, makePool, makeWorld, ok, type World } from './world.ts';

/** One call to the storage takes so long at most; a call of a VM's makes a few of them, again when it meets another. */
const latencyMs = 20;
/** How far a stamp may lie behind the process's own: one call, with its repetitions. */
const boundMs = 3_000;

type Scene = {
  readonly world: World;
  readonly chance: () => number;
  /** Jobs in the order of their first assignment. */
  readonly assigned: readonly string[];
  readonly seed: number;
};

/** A storage that takes its time, and a note of who was assigned first. */
async function makeScene(): Promise<Scene> {
  const seed = Number(process.env['MILLPOND_CROWD_SEED'] ?? Date.now() % 1_000_003);
  process.stdout.write(`crowd: MILLPOND_CROWD_SEED=${seed} repeats it\n`);
  const { fraction: chance } = makeSeededRandom(seed);
  const plain = await makeWorld({ config: { vmHoldMs: 20_000 } });
  const { table, clock } = plain;
  table.onCall = async () => {
    await clock.sleep(1 + Math.floor((latencyMs - 1) * chance()));
    return undefined;
  };
  const assigned: string[] = [];
  const store: Store = {
    ...plain.app.store,
    commit: async (writes) => {
      const done = await plain.app.store.commit(writes);
      for (const write of done.kind === 'done' ? writes : []) {
        if (write.do !== 'replace' || write.kind !== 'job') continue;
        if (write.row.kind === 'running' && write.row.attempt === 1) assigned.push(write.row.jobId);
      }
      return done;
    },
  };
  const app: App = { ...plain.app, store };
  return { world: { ...plain, app }, chance, assigned, seed };
}

/** The timer, until it is stopped. */
function keepTicking(world: World, everyMs: number): { stop(): void } {
  const end = new AbortController();
  const run = async () => {
    while (!end.signal.aborted) {
      await world.clock.sleep(everyMs, end.signal);
      expect((await tick(world.app)).failed).toBe(0);
    }
  };
  void run();
  return { stop: () => end.abort() };
}

async function startedAs(world: World, poolId: string, name: string): Promise<string> {
  world.blobs.put({ endpoint, container: 'inputs', name }, `age of ${name}`);
  const body = jobBody(world, poolId, `inputs/${name}`, `outputs/${name}`);
  const { jobId } = ok(await registerJob(world.app, world.service, body));
  ok(await startJob(world.app, world.service, jobId));
  return jobId;
}

function any<T>(of: readonly T[], chance: () => number): T | undefined {
  return of[Math.floor(of.length * chance())];
}

/** Until it holds, with the clock going on. */
async function untilTrue(world: World, look: () => Promise<boolean>, msMax: number): Promise<void> {
  const endMs = world.clock.now() + msMax;
  while (!(await world.clock.runUntil(look()))) {
    if (world.clock.now() > endMs) throw new Error(`it has not come about within ${msMax} ms`);
    await world.clock.advance(5_000);
  }
}

/** To 0, then away, as an owner does; then nothing lives and everything is posted. */
async function endPool({ world }: Scene, poolId: string): Promise<void> {
  ok(await world.clock.runUntil(resizePool(world.app, world.account, poolId, { vmCount: 0 })));
  ok(await world.clock.runUntil(deletePool(world.app, world.account, poolId, 'cancel')));
  const isDeleted = async () => ok(await getPool(world.app, world.account, poolId)).pool.kind === 'deleted';
  await untilTrue(world, isDeleted, 10 * 60_000);
}

/** Ledger = stamped lifetimes, to the millisecond; stamped lifetimes = the processes' own, within the bound. */
async function checkLedger({ world }: Scene, poolId: string, crew: Crew): Promise<number> {
  world.table.onCall = undefined;
  const gone = (await collect(world.app, { of: 'gone', tag: tagOf(poolId) })).map(({ row }) => row);
  const stampedMs = new Map(gone.map((one) => [one.vmId, one.atMs - (one.readyMs ?? one.atMs)]));
  const planId = world.service.plans[0]?.planId ?? '';
  const postedMs = new Map<string, number>();
  for (const { row } of await collect(world.app, { of: 'ledger', planId })) {
    if (row.kind !== 'vm') continue;
    postedMs.set(row.vmId, (postedMs.get(row.vmId) ?? 0) + row.toMs - row.fromMs);
  }
  const lived = gone.filter((one) => one.readyMs !== undefined).map((one) => one.vmId);
  for (const vmId of lived) expect([vmId, postedMs.get(vmId) ?? 0]).toEqual([vmId, stampedMs.get(vmId)]);
  expect([...postedMs.keys()].filter((vmId) => !stampedMs.has(vmId))).toEqual([]);
  expect(lived.toSorted()).toEqual([...crew.lives.keys()].toSorted());
  for (const [vmId, life] of crew.lives) {
    const offMs = (stampedMs.get(vmId) ?? 0) - ownMs(life);
    expect(Math.abs(offMs), `${vmId} was stamped ${offMs} ms longer than it lived`).toBeLessThanOrEqual(
      boundMs,
    );
  }
  const periods = await collect(world.app, { of: 'periods', planId });
  const balanceMs = periods.reduce((sum, { row }) => sum + row.usage.poolMs, 0);
  expect(balanceMs).toBe([...stampedMs.values()].reduce((sum, ms) => sum + ms, 0));
  return balanceMs;
}

/** One that said goodbye lived until then, every other one to its last sign of life. */
function ownMs(life: OwnLife): number {
  return (life.byeMs ?? life.lastMs) - life.helloMs;
}

describe('a crowd', () => {
  it('of 500 jobs over 20 VMs, through 5 kills and 3 resizes: all finished, in order, the ledger exact', async () => {
    const scene = await makeScene();
    const { world, chance } = scene;
    const { clock } = world;
    const crew = makeCrew(world, { chance, workMs: () => 2_000 + Math.floor(20_000 * chance()) });
    const timer = keepTicking(world, 5_000);
    const { poolId } = await clock.runUntil(makePool(world, 20));
    const jobs: string[] = [];
    const events = [...Array<'kill'>(5).fill('kill'), ...Array<'resize'>(3).fill('resize')];
    const at = new Map(events.map((event, n) => [40 + Math.floor(50 * n + 50 * chance()), event]));
    expect(at.size).toBe(events.length);
    for (let n = 0; n < 500; n += 1) {
      jobs.push(await clock.runUntil(startedAs(world, poolId, `${n}.csv`)));
      await clock.advance(Math.floor(700 * chance()));
      if (at.get(n) === 'resize') {
        const busyVms = any(['drain', 'requeue'] as const, chance) ?? 'drain';
        const vmCount = 12 + Math.floor(14 * chance());
        ok(await clock.runUntil(resizePool(world.app, world.account, poolId, { vmCount, busyVms })));
      }
      if (at.get(n) === 'kill') {
        const busy = crew.alive().filter((vmId) => crew.lives.get(vmId)?.job !== undefined);
        crew.kill(any(busy, chance) ?? '');
      }
    }
    const isFinished = async (jobId: string) => (await job(world, jobId))?.kind === 'finished';
    const last = async () => (await Promise.all(jobs.map(isFinished))).every(Boolean);
    await untilTrue(world, last, hourMs);
    expect(
      [...crew.lives.values()].filter((life) => life.state === 'dead' && life.byeMs === undefined),
    ).toHaveLength(5);
    expect(scene.assigned).toEqual(jobs);
    for (let n = 0; n < 500; n += 1) {
      const output = world.blobs.peek({ endpoint, container: 'outputs', name: `${n}.csv` });
      expect(Buffer.from(output ?? []).toString()).toBe(`scored age of ${n}.csv`);
    }
    await endPool(scene, poolId);
    timer.stop();
    crew.stop();
    expect(await checkLedger(scene, poolId, crew)).toBeGreaterThan(0);
  }, 120_000);

  it('of VMs that come, go, die, hang and are resized at random through a day is billed as it lived', async () => {
    const scene = await makeScene();
    const { world, chance } = scene;
    const { clock } = world;
    const crew = makeCrew(world, { chance, workMs: () => 60_000 + Math.floor(600_000 * chance()) });
    const timer = keepTicking(world, 30_000);
    const { poolId } = await clock.runUntil(makePool(world, 4));
    const endMs = clock.now() + 24 * hourMs;
    for (let n = 0; clock.now() < endMs; n += 1) {
      await clock.advance(Math.floor(40 * 60_000 * chance()));
      const dice = chance();
      if (dice < 0.35) {
        const busyVms = any(['drain', 'requeue'] as const, chance) ?? 'drain';
        const vmCount = Math.floor(7 * chance());
        ok(await clock.runUntil(resizePool(world.app, world.account, poolId, { vmCount, busyVms })));
      } else if (dice < 0.65) {
        await clock.runUntil(startedAs(world, poolId, `${n}.csv`));
      } else {
        const vmId = any(crew.alive(), chance);
        if (vmId !== undefined && dice < 0.85) crew.kill(vmId);
        else if (vmId !== undefined) crew.hang(vmId);
      }
    }
    await endPool(scene, poolId);
    timer.stop();
    crew.stop();
    expect(await checkLedger(scene, poolId, crew)).toBeGreaterThan(hourMs);
  }, 120_000);
});
