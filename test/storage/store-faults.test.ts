/** What the store does when calls fail: tries again, recognises its own writes, and still believes true conflicts. */
import { beforeEach, describe, expect, test } from 'vitest';
import { StoreFault, type Store, type Write } from '../../shared/app/ports.ts';
import { limits } from '../../shared/core/limits.ts';
import { ManualClock } from '../../shared/storage/manual-clock.ts';
import { MemoryTable, type Disturbance, type TwinCall } from '../../shared/storage/memory-table.ts';
import { makeSeededRandom } from '../../shared/storage/seeded-random.ts';
import { makeStore } from '../../shared/storage/table-store.ts';
import { backoffMs, jittered } from '../../shared/storage/tries.ts';
import { jobOf, tagA, vmOf, waitOf } from './sample-rows.ts';

let table: MemoryTable;
let clock: ManualClock;
let store: Store;

beforeEach(() => {
  table = new MemoryTable();
  clock = new ManualClock();
  store = makeStore({ table, random: makeSeededRandom(5), clock });
});

/** The calls of one kind meet these, one after the other; then nothing more happens. */
function disturb(op: TwinCall['op'], ...list: (Disturbance | undefined)[]): void {
  table.onCall = (call) => (call.op === op ? list.shift() : undefined);
}

const lost = { kind: 'after', code: 'timeout' } as const;
const busy = { kind: 'before', code: 'busy' } as const;
const dead = { kind: 'before', code: 'unreachable' } as const;
const row = vmOf(1);
const create: Write = { do: 'create', kind: 'vm', row };

async function vmEtag(): Promise<string> {
  return (await store.get('vm', row))!.etag;
}

describe('a lost reply is no failure', () => {
  test('create', async () => {
    disturb('transact', lost);
    const done = await clock.runUntil(store.commit([create]));
    expect(done).toEqual({ kind: 'done', etags: [await vmEtag()] });
    // The first try was carried out, and the second met the row of the first.
    expect(table.counts).toMatchObject({ transactions: 1, conflicts: 1 });
  });

  test('create, the connection breaks after it', async () => {
    disturb('transact', { kind: 'after', code: 'unreachable' });
    expect(await clock.runUntil(store.commit([create]))).toMatchObject({ kind: 'done' });
  });

  test('replace', async () => {
    await store.commit([create]);
    const etag = await vmEtag();
    disturb('transact', lost);
    const done = await clock.runUntil(
      store.commit([{ do: 'replace', kind: 'vm', row: vmOf(1, tagA, 7), etag }]),
    );
    expect(done).toEqual({ kind: 'done', etags: [await vmEtag()] });
    expect((await store.get('vm', row))!.row.sinceMs).toBe(7);
  });

  test('remove, of one row and of several', async () => {
    await store.commit([create, { do: 'create', kind: 'vm', row: vmOf(2) }]);
    await store.commit([{ do: 'create', kind: 'vm', row: vmOf(3) }]);
    disturb('transact', lost);
    expect(await clock.runUntil(store.commit([{ do: 'remove', kind: 'vm', key: row }]))).toEqual({
      kind: 'done',
      etags: [''],
    });
    disturb('transact', lost);
    const both: Write[] = [2, 3].map((n) => ({ do: 'remove', kind: 'vm', key: vmOf(n) }));
    expect(await clock.runUntil(store.commit(both))).toEqual({ kind: 'done', etags: ['', ''] });
  });

  test('a transaction of all three: the versions are those of the rows', async () => {
    await store.commit([create, { do: 'create', kind: 'wait', row: waitOf(1, 5) }]);
    disturb('transact', lost);
    const done = await clock.runUntil(
      store.commit([
        { do: 'remove', kind: 'wait', key: waitOf(1, 5) },
        { do: 'replace', kind: 'vm', row: vmOf(1, tagA, 9), etag: await vmEtag() },
        { do: 'create', kind: 'job', row: jobOf(1) },
      ]),
    );
    expect(done).toEqual({
      kind: 'done',
      etags: ['', await vmEtag(), (await store.get('job', jobOf(1)))!.etag],
    });
  });

  test('every reply of every try is lost: the last look finds the write', async () => {
    disturb('transact', ...Array.from({ length: limits.storageTriesMax }, () => lost));
    expect(await clock.runUntil(store.commit([create]))).toMatchObject({ kind: 'done' });
    expect(table.counts.transactions).toBe(1);
  });

  test('a reply that is lost unseen (something on the way sends twice) is recognised too', async () => {
    table.onCall = async (call) => {
      if (call.op !== 'transact') return undefined;
      table.onCall = undefined;
      await table.transact(call.table, call.pk, call.ops);
      return undefined;
    };
    expect(await store.commit([create])).toMatchObject({ kind: 'done' });
  });

  test('somebody changes one of the rows before the write is recognised: its version is out of date', async () => {
    let lose = true;
    table.onCall = async (call) => {
      if (call.op !== 'transact' || !lose) return undefined;
      lose = false;
      return lost;
    };
    const ours = store.commit([create, { do: 'create', kind: 'vm', row: vmOf(2) }]);
    await clock.advance(0);
    const theirs = await store.commit([
      { do: 'replace', kind: 'vm', row: vmOf(2, tagA, 50), etag: (await store.get('vm', vmOf(2)))!.etag },
    ]);
    expect(theirs).toMatchObject({ kind: 'done' });
    const done = await clock.runUntil(ours);
    const etags = done.kind === 'done' ? done.etags : [];
    expect(etags[0]).toBe(await vmEtag());
    const overwrite = await store.commit([
      { do: 'replace', kind: 'vm', row: vmOf(2, tagA, 1), etag: etags[1]! },
    ]);
    expect(overwrite).toEqual({ kind: 'conflict', at: 0, why: 'changed' });
  });

  test('somebody changes the row that is looked at first: the others still say that the write was done', async () => {
    await store.commit([create, { do: 'create', kind: 'vm', row: vmOf(2) }]);
    const etagTwo = (await store.get('vm', vmOf(2)))!.etag;
    disturb('transact', lost);
    const ours = store.commit([
      { do: 'replace', kind: 'vm', row: vmOf(1, tagA, 5), etag: await vmEtag() },
      { do: 'replace', kind: 'vm', row: vmOf(2, tagA, 5), etag: etagTwo },
    ]);
    await clock.advance(0);
    await store.commit([{ do: 'replace', kind: 'vm', row: vmOf(1, tagA, 6), etag: await vmEtag() }]);
    expect(await clock.runUntil(ours)).toMatchObject({ kind: 'done' });
  });
});

describe('a true conflict stays one', () => {
  test('after a lost request', async () => {
    await store.commit([create]);
    disturb('transact', { kind: 'before', code: 'timeout' });
    const again = await clock.runUntil(store.commit([create]));
    expect(again).toEqual({ kind: 'conflict', at: 0, why: 'exists' });
  });

  test('a replace that another writer has overtaken, its first request lost', async () => {
    await store.commit([create]);
    const etag = await vmEtag();
    disturb('transact', dead);
    const ours = store.commit([{ do: 'replace', kind: 'vm', row: vmOf(1, tagA, 5), etag }]);
    await clock.advance(0);
    await store.commit([{ do: 'replace', kind: 'vm', row: vmOf(1, tagA, 6), etag }]);
    expect(await clock.runUntil(ours)).toEqual({ kind: 'conflict', at: 0, why: 'changed' });
    expect((await store.get('vm', row))!.row.sinceMs).toBe(6);
  });

  test('removing what was never there is a conflict, also after an unclear try while a row is left', async () => {
    const missing = { kind: 'conflict', at: 0, why: 'missing' };
    expect(await store.commit([{ do: 'remove', kind: 'vm', key: row }])).toEqual(missing);
    disturb('transact', busy);
    expect(await clock.runUntil(store.commit([{ do: 'remove', kind: 'vm', key: row }]))).toEqual(missing);
    await store.commit([{ do: 'create', kind: 'vm', row: vmOf(2) }]);
    disturb('transact', dead);
    const both: Write[] = [1, 2].map((n) => ({ do: 'remove', kind: 'vm', key: vmOf(n) }));
    expect(await clock.runUntil(store.commit(both))).toEqual(missing);
    expect(await store.get('vm', vmOf(2))).toBeDefined();
  });

  test('a plain conflict costs one read, however many rows', async () => {
    await store.commit([create]);
    table.resetCounts();
    const writes = Array.from(
      { length: 50 },
      (_, n) => ({ do: 'create', kind: 'vm', row: vmOf(n) }) as const,
    );
    expect(await store.commit(writes)).toMatchObject({ kind: 'conflict', at: 1, why: 'exists' });
    expect(table.counts).toMatchObject({ gets: 1, transactions: 0, conflicts: 1 });
  });

  test('of 20 writers, each with its first reply lost, exactly one believes to have won', async () => {
    await store.commit([create]);
    const etag = await vmEtag();
    let calls = 0;
    table.onCall = (call) => (call.op === 'transact' && calls++ < 20 ? lost : undefined);
    const all = Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        store.commit([{ do: 'replace', kind: 'vm', row: vmOf(1, tagA, 100 + n), etag }]),
      ),
    );
    const outcomes = await clock.runUntil(all);
    const winners = outcomes.flatMap((outcome, n) => (outcome.kind === 'done' ? [n] : []));
    expect(winners).toHaveLength(1);
    expect((await store.get('vm', row))!.row.sinceMs).toBe(100 + winners[0]!);
  });

  test('a request that arrives late does not overwrite what its successor wrote', async () => {
    await store.commit([create]);
    const etag = await vmEtag();
    let arrive = () => {};
    const until = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    disturb('transact', { kind: 'late', until });
    const done = await clock.runUntil(
      store.commit([{ do: 'replace', kind: 'vm', row: vmOf(1, tagA, 5), etag }]),
    );
    expect(done).toMatchObject({ kind: 'done' });
    const now = await vmEtag();
    arrive();
    await clock.advance(0);
    expect(await vmEtag()).toBe(now);
    expect(table.counts.conflicts).toBe(1);
  });
});

describe('passing faults', () => {
  test.each(['busy', 'timeout', 'unreachable'] as const)(
    '%s, then well again: nobody notices',
    async (code) => {
      const fault = { kind: 'before', code } as const;
      disturb('transact', fault, fault, fault, fault);
      expect(await clock.runUntil(store.commit([create]))).toMatchObject({ kind: 'done' });
      disturb('get', fault, fault, fault, fault);
      expect((await clock.runUntil(store.get('vm', row)))!.row).toEqual(row);
      disturb('query', fault, fault, fault, fault);
      expect((await clock.runUntil(store.list({ of: 'vms', tag: tagA }))).rows).toHaveLength(1);
    },
  );

  test.each(['busy', 'timeout', 'unreachable'] as const)(
    '%s for ever: a fault that says so after all tries',
    async (code) => {
      let calls = 0;
      table.onCall = () => (calls++, { kind: 'before', code });
      for (const call of [() => store.get('vm', row), () => store.list({ of: 'live' })]) {
        calls = 0;
        const fault = await clock.runUntil(
          call().then(
            () => undefined,
            (error: unknown) => error,
          ),
        );
        expect(fault).toBeInstanceOf(StoreFault);
        expect(fault).toMatchObject({ code });
        expect(calls).toBe(limits.storageTriesMax);
      }
      const fault = await clock.runUntil(
        store.commit([create]).then(
          () => undefined,
          (error: unknown) => error,
        ),
      );
      expect(fault).toMatchObject({ name: 'StoreFault', code });
    },
  );

  test('what is refused is not tried again', async () => {
    let calls = 0;
    table.onCall = () => (calls++, { kind: 'before', code: 'refused' });
    await expect(store.get('vm', row)).rejects.toMatchObject({ name: 'StoreFault', code: 'refused' });
    expect(calls).toBe(1);
  });

  test('pauses double, with jitter, and end', async () => {
    expect([1, 2, 3, 4].map(backoffMs)).toEqual([50, 100, 200, 400]);
    expect([jittered(100, 0), jittered(100, 0.5), jittered(100, 0.999)]).toEqual([50, 100, 150]);
    const startMs = clock.now();
    table.onCall = () => dead;
    await clock.runUntil(store.get('vm', row).catch(() => undefined));
    const tookMs = clock.now() - startMs;
    expect(tookMs).toBeGreaterThanOrEqual(375);
    expect(tookMs).toBeLessThanOrEqual(1_125);
  });

  test('while the re-read fails nothing is believed', async () => {
    await store.commit([create]);
    table.onCall = (call) => (call.op === 'get' ? dead : undefined);
    await expect(clock.runUntil(store.commit([create]))).rejects.toMatchObject({ name: 'StoreFault' });
  });
});

describe('pages', () => {
  const tag = tagA;
  beforeEach(async () => {
    await store.commit([1, 2, 3].map((n) => ({ do: 'create', kind: 'vm', row: vmOf(n) })));
  });

  test('empty ones with a continuation are skipped', async () => {
    const empty = { kind: 'short', rows: 0 } as const;
    disturb('query', empty, empty, empty);
    const page = await store.list({ of: 'vms', tag });
    expect(page.rows).toHaveLength(3);
    expect(page.after).toBeUndefined();
    expect(table.counts.queries).toBe(4);
  });

  test('short ones go on where they ended, and nothing is seen twice', async () => {
    const short = { kind: 'short', rows: 1 } as const;
    disturb('query', short, { kind: 'short', rows: 0 }, short);
    const first = await store.list({ of: 'vms', tag });
    const second = await store.list({ of: 'vms', tag }, { after: first.after! });
    const third = await store.list({ of: 'vms', tag }, { after: second.after! });
    expect([first, second, third].map((page) => page.rows.map(({ row }) => row.vmId))).toEqual(
      [1, 2, 3].map((n) => [vmOf(n).vmId]),
    );
    expect(third.after).toBeUndefined();
  });

  test('a page that is lost is asked for again, from the same place', async () => {
    disturb('query', { kind: 'short', rows: 0 }, lost);
    expect((await clock.runUntil(store.list({ of: 'vms', tag }))).rows).toHaveLength(3);
  });
});

test('a query touches the rows that it gives, whatever lies around them', async () => {
  for (let n = 0; n < 5; n++) {
    const rows = Array.from({ length: 100 }, (_, i) => jobOf(n * 100 + i));
    await store.commit(rows.map((job) => ({ do: 'create', kind: 'job', row: job })));
  }
  await store.commit([create, { do: 'create', kind: 'wait', row: waitOf(1, 5) }]);
  table.resetCounts();
  await store.list({ of: 'vms-and-queue', tag: tagA });
  await store.list({ of: 'jobs', tag: tagA }, { limit: 10 });
  expect(table.counts).toMatchObject({ queries: 2, rowsRead: 12 });
});
