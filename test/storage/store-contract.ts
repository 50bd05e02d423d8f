/** What every `Store` must do; run on the in-memory twin and on a real Azurite. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Range, Rows, Store, Stored, Write } from '../../shared/app/ports.ts';
import { accountOf, jobOf, kinds, poolOf, rowsOf, subscription, vmOf, waitOf } from './sample-rows.ts';

/** Each test works in partitions of its own: the store is one for all. */
let partitions = 0;
const freshTag = () => `c${(++partitions).toString(16).padStart(11, '0')}`;
const freshId = () => `d${(++partitions).toString(16).padStart(31, '0')}`;

export async function etagOf(store: Store, vmId: string): Promise<string> {
  return (await store.get('vm', { vmId }))!.etag;
}

const idsOf = (rows: readonly Stored[]) =>
  rows.map(({ row }) => ('vmId' in row ? row.vmId : 'jobId' in row ? row.jobId : '?'));

export function storeContract(theStore: () => Store): void {
  const commit: Store['commit'] = (writes) => theStore().commit(writes);

  test.each(kinds)(
    'a %s is read as it was written, and its version is the one that the commit gave',
    async (kind) => {
      const store = theStore();
      const [row] = fc.sample(rowsOf(kind), { numRuns: 1, seed: 77 });
      const done = await store.commit([{ do: 'create', kind, row } as never]);
      expect(done).toEqual({ kind: 'done', etags: [expect.stringMatching(/^W\/"datetime'.+'"$/)] });
      const got = await store.get(kind, row as never);
      expect(got).toEqual({ kind, row, etag: done.kind === 'done' ? done.etags[0] : '' });
      expect(await store.commit([{ do: 'remove', kind, key: row } as never])).toEqual({
        kind: 'done',
        etags: [''],
      });
      expect(await store.get(kind, row as never)).toBeUndefined();
    },
  );

  test('the largest rows come back whole', async () => {
    const store = theStore();
    const tag = freshTag();
    const base = { ...vmOf(1, tag), kind: 'stopped', atMs: 1, end: 'left', cause: '' } as const;
    const vm = { ...base, cause: 'ä'.repeat(32_768 - JSON.stringify(base).length) };
    const spec = { jobId: jobOf(1, tag).jobId, sealed: new Uint8Array(262_144).map((_, at) => at % 251) };
    expect(
      await store.commit([
        { do: 'create', kind: 'vm', row: vm },
        { do: 'create', kind: 'spec', row: spec },
      ]),
    ).toMatchObject({ kind: 'done' });
    expect((await store.get('vm', vm))!.row).toEqual(vm);
    expect(Buffer.compare((await store.get('spec', spec))!.row.sealed, spec.sealed)).toBe(0);
  });

  test('create: a row that exists is a conflict and stays as it is', async () => {
    const row = vmOf(1, freshTag());
    await commit([{ do: 'create', kind: 'vm', row }]);
    const again = await commit([{ do: 'create', kind: 'vm', row: { ...row, sinceMs: 5 } }]);
    expect(again).toEqual({ kind: 'conflict', at: 0, why: 'exists' });
    expect((await theStore().get('vm', row))!.row).toEqual(row);
  });

  test('replace: by the right version only, and the old version is worth nothing then', async () => {
    const row = vmOf(1, freshTag());
    await commit([{ do: 'create', kind: 'vm', row }]);
    const etag = await etagOf(theStore(), row.vmId);
    const second = { ...row, sinceMs: 2 };
    expect(await commit([{ do: 'replace', kind: 'vm', row: second, etag }])).toMatchObject({ kind: 'done' });
    const late = await commit([{ do: 'replace', kind: 'vm', row: { ...row, sinceMs: 3 }, etag }]);
    expect(late).toEqual({ kind: 'conflict', at: 0, why: 'changed' });
    expect((await theStore().get('vm', row))!.row).toEqual(second);
  });

  test('replace: members that the new row does not have are gone', async () => {
    const row = { ...poolOf(freshTag()), name: 'one' } as Rows['pool'];
    await commit([{ do: 'create', kind: 'pool', row }]);
    const { name: _, ...rest } = row;
    const { etag } = (await theStore().get('pool', row))!;
    await commit([{ do: 'replace', kind: 'pool', row: rest as Rows['pool'], etag }]);
    expect((await theStore().get('pool', row))!.row).toEqual(rest);
  });

  test('replace and remove: a row that is not there is a conflict', async () => {
    const row = vmOf(1, freshTag());
    await commit([{ do: 'create', kind: 'vm', row }]);
    const etag = await etagOf(theStore(), row.vmId);
    await commit([{ do: 'remove', kind: 'vm', key: row }]);
    const missing = { kind: 'conflict', at: 0, why: 'missing' };
    expect(await commit([{ do: 'replace', kind: 'vm', row, etag }])).toEqual(missing);
    expect(await commit([{ do: 'remove', kind: 'vm', key: row }])).toEqual(missing);
  });

  test('remove: whatever the version', async () => {
    const row = vmOf(1, freshTag());
    await commit([{ do: 'create', kind: 'vm', row }]);
    const etag = await etagOf(theStore(), row.vmId);
    await commit([{ do: 'replace', kind: 'vm', row: { ...row, sinceMs: 9 }, etag }]);
    expect(await commit([{ do: 'remove', kind: 'vm', key: row }])).toMatchObject({ kind: 'done' });
  });

  test('a transaction writes everything and gives the version of each row', async () => {
    const store = theStore();
    const tag = freshTag();
    await commit([{ do: 'create', kind: 'wait', row: waitOf(1, 5, tag) }]);
    await commit([{ do: 'create', kind: 'vm', row: vmOf(1, tag) }]);
    const done = await commit([
      { do: 'remove', kind: 'wait', key: waitOf(1, 5, tag) },
      { do: 'replace', kind: 'vm', row: vmOf(1, tag, 8), etag: await etagOf(store, vmOf(1, tag).vmId) },
      { do: 'create', kind: 'job', row: jobOf(1, tag) },
    ]);
    const vm = (await store.get('vm', vmOf(1, tag)))!;
    const job = (await store.get('job', jobOf(1, tag)))!;
    expect(done).toEqual({ kind: 'done', etags: ['', vm.etag, job.etag] });
    expect(vm.row.sinceMs).toBe(8);
    expect(await store.get('wait', waitOf(1, 5, tag))).toBeUndefined();
  });

  test.each([
    ['exists', { do: 'create', kind: 'vm', row: vmOf(1) }],
    [
      'changed',
      { do: 'replace', kind: 'vm', row: vmOf(1), etag: `W/"datetime'2001-01-01T00%3A00%3A00.0000000Z'"` },
    ],
    ['missing', { do: 'remove', kind: 'vm', key: vmOf(2) }],
  ] as const)(
    'a transaction with a write that does not fit (%s) writes nothing, and the write is named',
    async (why, bad) => {
      const store = theStore();
      const tag = freshTag();
      const inTag = <T extends { vmId: string }>(row: T): T => ({ ...row, vmId: tag + row.vmId.slice(12) });
      const there = inTag(vmOf(1));
      await commit([{ do: 'create', kind: 'vm', row: there }]);
      const misfit = bad.do === 'remove' ? { ...bad, key: inTag(bad.key) } : { ...bad, row: inTag(bad.row) };
      const conflict = await commit([
        { do: 'create', kind: 'job', row: jobOf(1, tag) },
        misfit,
        { do: 'create', kind: 'job', row: jobOf(2, tag) },
      ]);
      expect(conflict).toEqual({ kind: 'conflict', at: 1, why });
      expect((await store.list({ of: 'jobs', tag })).rows).toEqual([]);
      expect((await store.get('vm', there))!.row).toEqual(there);
    },
  );

  test('100 rows fit into a transaction', async () => {
    const tag = freshTag();
    const writes = Array.from(
      { length: 100 },
      (_, n) => ({ do: 'create', kind: 'vm', row: vmOf(n, tag) }) as const,
    );
    const done = await commit(writes);
    expect(done.kind === 'done' && new Set(done.etags).size).toBeGreaterThan(0);
    expect((await theStore().list({ of: 'vms', tag })).rows).toHaveLength(100);
  });

  test('what no transaction can be is a bug of the caller: none, 101, two partitions, one row twice', async () => {
    const create = (n: number, tag: string) => ({ do: 'create', kind: 'vm', row: vmOf(n, tag) }) as const;
    const [a, b] = [freshTag(), freshTag()];
    const many = Array.from({ length: 101 }, (_, n) => create(n, a));
    await expect(commit([])).rejects.toThrow(/1 to 100 rows/);
    await expect(commit(many)).rejects.toThrow(/1 to 100 rows/);
    await expect(commit([create(1, a), create(1, b)])).rejects.toThrow(/one partition/);
    await expect(commit([create(1, a), create(1, a)])).rejects.toThrow(/each row once/);
  });

  test('20 writers with one version: exactly one wins', async () => {
    const store = theStore();
    const row = vmOf(1, freshTag());
    await commit([{ do: 'create', kind: 'vm', row }]);
    const etag = await etagOf(store, row.vmId);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        commit([{ do: 'replace', kind: 'vm', row: { ...row, sinceMs: 100 + n }, etag }]),
      ),
    );
    const winners = outcomes.flatMap((outcome, n) => (outcome.kind === 'done' ? [n] : []));
    expect(winners).toHaveLength(1);
    expect((await store.get('vm', row))!.row.sinceMs).toBe(100 + winners[0]!);
  });

  test('20 dispatchers take one queued job: exactly one gets it', async () => {
    const tag = freshTag();
    const wait = waitOf(1, 5, tag);
    await commit([{ do: 'create', kind: 'wait', row: wait }]);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        commit([
          { do: 'remove', kind: 'wait', key: wait },
          { do: 'create', kind: 'vm', row: vmOf(n, tag) },
        ]),
      ),
    );
    expect(outcomes.filter((outcome) => outcome.kind === 'done')).toHaveLength(1);
    expect((await theStore().list({ of: 'vms', tag })).rows).toHaveLength(1);
  });

  test('what is over is a range of its own: by registration, by end, by expiry, by day', async () => {
    const store = theStore();
    const tag = freshTag();
    const at = [999, 1_000, 1_001];
    const { poolId } = poolOf(tag);
    const ids = at.map((ms, n) => jobOf(n, tag, ms).jobId);
    await commit([
      { do: 'create', kind: 'pool', row: poolOf(tag) },
      ...at.flatMap((ms, n): Write[] => [
        { do: 'create', kind: 'job', row: jobOf(n, tag, ms) },
        { do: 'create', kind: 'expiry', row: { jobId: ids[n]!, atMs: ms } },
        { do: 'create', kind: 'gone', row: { ...vmOf(n, tag), atMs: ms, cause: 'x' } },
        {
          do: 'create',
          kind: 'jobKey',
          row: { poolId, jobId: ids[n]!, day: ms, keyHash: 'ab', bodyHash: '', createdMs: 0 },
        },
      ]),
    ]);
    const jobIds = async (range: Extract<Range, { of: 'jobs' | 'expiries' | 'job-keys' }>) =>
      (await store.list(range)).rows.map(({ row }) => row.jobId);
    expect(await jobIds({ of: 'jobs', tag, untilMs: 1_000 })).toEqual([ids[1], ids[0]]);
    expect(await jobIds({ of: 'expiries', tag, beforeMs: 1_001 })).toEqual([ids[0], ids[1]]);
    expect(await jobIds({ of: 'expiries', tag })).toEqual(ids);
    expect(await jobIds({ of: 'job-keys', tag, beforeDay: 1_000 })).toEqual([ids[0]]);
    const gone = await store.list({ of: 'gone', tag, beforeMs: 1_000 });
    expect(gone.rows.map(({ row }) => row.atMs)).toEqual([999]);
    expect((await store.list({ of: 'pool-rows', tag })).rows).toHaveLength(13);
  });

  test('one query gives the VMs and then the head of the queue', async () => {
    const store = theStore();
    const tag = freshTag();
    await commit([
      { do: 'create', kind: 'pool', row: poolOf(tag) },
      { do: 'create', kind: 'job', row: jobOf(1, tag) },
      { do: 'create', kind: 'wait', row: waitOf(1, 2_000, tag) },
      { do: 'create', kind: 'wait', row: waitOf(2, 999, tag) },
      { do: 'create', kind: 'wait', row: waitOf(3, 1_000, tag) },
      { do: 'create', kind: 'vm', row: vmOf(2, tag) },
      { do: 'create', kind: 'vm', row: vmOf(1, tag) },
      { do: 'create', kind: 'gone', row: { ...vmOf(9, tag), atMs: 4, cause: 'x' } },
    ]);
    const { rows, after } = await store.list({ of: 'vms-and-queue', tag });
    expect(rows.map(({ kind }) => kind)).toEqual(['vm', 'vm', 'wait', 'wait', 'wait']);
    const order = [vmOf(1, tag).vmId, vmOf(2, tag).vmId, ...[2, 3, 1].map((n) => jobOf(n, tag).jobId)];
    expect(idsOf(rows)).toEqual(order);
    expect(after).toBeUndefined();
    const head = await store.list({ of: 'vms-and-queue', tag }, { limit: 3 });
    expect(idsOf(head.rows)).toEqual(order.slice(0, 3));
  });

  test('pages go on from place to place; a limit that fits exactly has nothing after it in the end', async () => {
    const store = theStore();
    const tag = freshTag();
    await commit([1, 2, 3, 4, 5].map((n) => ({ do: 'create', kind: 'vm', row: vmOf(n, tag) })));
    const seen: string[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const page: Awaited<ReturnType<typeof store.list>> = await store.list(
        { of: 'vms', tag },
        { limit: 2, ...(after === undefined ? {} : { after }) },
      );
      expect(page.rows.length).toBeLessThanOrEqual(2);
      seen.push(...idsOf(page.rows));
      after = page.after;
      pages++;
    } while (after !== undefined && pages < 10);
    expect(seen).toEqual([1, 2, 3, 4, 5].map((n) => vmOf(n, tag).vmId));
  });

  test('a place that is none of the range does no harm', async () => {
    const store = theStore();
    const tag = freshTag();
    await commit([
      { do: 'create', kind: 'job', row: jobOf(1, tag) },
      { do: 'create', kind: 'vm', row: vmOf(1, tag) },
      { do: 'create', kind: 'vm', row: vmOf(2, tag) },
      { do: 'create', kind: 'wait', row: waitOf(1, 5, tag) },
    ]);
    const at = async (after: string) => (await store.list({ of: 'vms', tag }, { after })).rows.length;
    expect(await at('')).toBe(2);
    expect(await at('job|')).toBe(2);
    expect(await at(`vm|${vmOf(1, tag).vmId}`)).toBe(1);
    expect(await at(`vm|' or RowKey ge '`)).toBe(2);
    expect(await at('wait|zzz')).toBe(0);
    expect(await at('\u{10ffff}')).toBe(0);
  });

  test('lines of a usage: from the first hour, before the last, of this tag only', async () => {
    const planId = freshId();
    const line = (tag: string, hourMs: number): Rows['line'] => ({
      kind: 'vm',
      planId,
      poolId: poolOf(tag).poolId,
      vmId: vmOf(1, tag).vmId,
      hourMs,
      fromMs: hourMs,
      toMs: hourMs + 1,
    });
    const [a, b] = [freshTag(), freshTag()];
    const rows = [line(a, 3_600_000), line(a, 7_200_000), line(a, 36_000_000), line(b, 7_200_000)];
    await commit(rows.map((row) => ({ do: 'create', kind: 'line', row })));
    const got = await theStore().list({
      of: 'lines',
      planId,
      tag: a,
      fromHourMs: 7_200_000,
      toHourMs: 36_000_000,
    });
    expect(got.rows.map(({ row }) => row)).toEqual([rows[1]]);
    expect((await theStore().list({ of: 'ledger', planId })).rows).toHaveLength(4);
    expect((await theStore().list({ of: 'periods', planId })).rows).toEqual([]);
  });

  test('accounts: one range over all partitions, in pages', async () => {
    const store = theStore();
    const ids = [freshId(), freshId(), freshId()];
    for (const subscriptionId of ids) {
      await commit([
        { do: 'create', kind: 'account', row: accountOf(subscriptionId) },
        {
          do: 'create',
          kind: 'reservation',
          row: { subscriptionId, poolId: freshId(), kind: 'live', createdMs: 1 },
        },
        {
          do: 'create',
          kind: 'name',
          row: { subscriptionId, of: 'plan', group: 'g', name: 'n', id: freshId() },
        },
      ]);
    }
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page: Awaited<ReturnType<typeof store.list<{ of: 'accounts' }>>> = await store.list(
        { of: 'accounts' },
        { limit: 2, ...(after === undefined ? {} : { after }) },
      );
      seen.push(...page.rows.map(({ kind, row }) => `${kind} ${row.subscriptionId}`));
      after = page.after;
    } while (after !== undefined);
    expect(seen.filter((one) => ids.some((id) => one.endsWith(id)))).toEqual(
      ids.map((id) => `account ${id}`),
    );
  });

  test('names: by kind, by group, to the letter', async () => {
    const subscriptionId = freshId();
    const name = (of: 'plan' | 'webservice', group: string): Rows['name'] => ({
      subscriptionId,
      of,
      group,
      name: "o'n",
      id: freshId(),
    });
    const rows = [name('plan', 'rg'), name('plan', 'rg2'), name('webservice', 'rg')];
    await commit(rows.map((row) => ({ do: 'create', kind: 'name', row })));
    const groups = async (range: Range) => (await theStore().list(range)).rows.map(({ row }) => row);
    expect(await groups({ of: 'names', subscriptionId, kind: 'plan', group: 'rg' })).toEqual([rows[0]]);
    expect(await groups({ of: 'names', subscriptionId, kind: 'plan' })).toEqual([rows[1], rows[0]]);
    expect((await theStore().get('name', rows[2]!))!.row).toEqual(rows[2]);
    expect(await theStore().list({ of: 'names', subscriptionId: subscription, kind: 'plan' })).toEqual({
      rows: [],
    });
  });

  test.each([0, 1_001, 1.5, Number.NaN])('a limit of %d is a bug of the caller', async (limit) => {
    await expect(theStore().list({ of: 'live' }, { limit })).rejects.toThrow(/1 to 1000 rows/);
  });
}
