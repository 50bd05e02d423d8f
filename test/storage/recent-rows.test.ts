import { beforeEach, describe, expect, it } from 'vitest';
import { makeVmId } from '../../shared/core/ids.ts';
import { provision, ready, type Vm } from '../../shared/core/vm.ts';
import type { Store, Stored } from '../../shared/app/ports.ts';
import { ManualClock } from '../../shared/storage/manual-clock.ts';
import { MemoryTable } from '../../shared/storage/memory-table.ts';
import { makeSeededRandom } from '../../shared/storage/seeded-random.ts';
import { makeStore } from '../../shared/storage/table-store.ts';

const poolId = 'a'.repeat(32);
const vmId = makeVmId('a'.repeat(12), 'b'.repeat(20));
const rowMs = 10_000;

describe('a remembered row', () => {
  let clock: ManualClock;
  let table: MemoryTable;
  let store: Store;
  let other: Store;
  let vm: Vm;

  beforeEach(async () => {
    clock = new ManualClock();
    table = new MemoryTable();
    store = makeStore({ table, random: makeSeededRandom(1), clock });
    other = makeStore({ table, random: makeSeededRandom(2), clock });
    vm = provision(vmId, poolId, clock.now());
    await store.commit([{ do: 'create', kind: 'vm', row: vm }]);
  });

  const recalled = async () => (await store.recall('vm', { vmId }, rowMs)) as Stored<'vm'>;
  const replaced = (by: Store, etag: string, nonce: string) => {
    if (vm.kind !== 'provisioning') throw new Error(vm.kind);
    return by.commit([{ do: 'replace', kind: 'vm', row: ready(vm, nonce, clock.now()), etag }]);
  };
  const reads = () => table.counts.gets;

  it('is the one that was committed, with its version, and costs no read', async () => {
    const stored = await recalled();
    expect(stored.row).toEqual(vm);
    expect(reads()).toBe(0);
    expect(stored.etag).toBe((await store.get('vm', { vmId }))?.etag);
    expect((await replaced(store, stored.etag, 'n')).kind).toBe('done');
    expect((await recalled()).row.kind).toBe('idle');
    expect(reads()).toBe(1);
  });

  it('is read again when it is too old, and remembered anew', async () => {
    await clock.advance(rowMs);
    await recalled();
    await recalled();
    expect(reads()).toBe(1);
  });

  it('is read when it does not fit what the caller is about to do', async () => {
    await store.recall('vm', { vmId }, rowMs, (row) => row.kind === 'busy');
    expect(reads()).toBe(1);
  });

  it('is read again after it has cost a conflict', async () => {
    const { etag } = await recalled();
    await replaced(other, etag, 'theirs');
    expect((await replaced(store, (await recalled()).etag, 'ours')).kind).toBe('conflict');
    expect(await recalled()).toMatchObject({ row: { kind: 'idle', nonce: 'theirs' } });
  });

  it('is forgotten when a read shows another', async () => {
    const { etag } = await recalled();
    await replaced(other, etag, 'theirs');
    await store.get('vm', { vmId });
    expect(await recalled()).toMatchObject({ row: { nonce: 'theirs' } });
  });

  it('is forgotten when it is removed, and after a fault that leaves its fate open', async () => {
    const { etag } = await recalled();
    table.onCall = (call) => (call.op === 'transact' ? { kind: 'before', code: 'refused' } : undefined);
    await expect(replaced(store, etag, 'ours')).rejects.toThrow();
    table.onCall = undefined;
    await recalled();
    expect(reads()).toBe(1);
    await store.commit([{ do: 'remove', kind: 'vm', key: { vmId } }]);
    expect(await store.recall('vm', { vmId }, rowMs)).toBeUndefined();
  });

  it('does not give way to a reading that began before its commit', async () => {
    await clock.advance(rowMs);
    let go = () => {};
    const held = new Promise<void>((resolve) => (go = resolve));
    const { etag } = (await other.get('vm', { vmId })) as Stored<'vm'>;
    const before = await other.get('vm', { vmId });
    expect(before?.etag).toBe(etag);
    table.onCall = async (call) => {
      if (call.op === 'get') await held;
      return undefined;
    };
    const reading = recalled();
    await replaced(store, etag, 'ours');
    go();
    await reading;
    expect((await recalled()).row).toMatchObject({ nonce: 'ours' });
  });

  it('is there for as long as it is of use, whatever is written meanwhile', async () => {
    const write = async (digit: string) => {
      const id = makeVmId('a'.repeat(12), digit.repeat(20));
      await store.commit([{ do: 'create', kind: 'vm', row: provision(id, poolId, clock.now()) }]);
      return id;
    };
    await clock.advance(rowMs - 2);
    const second = await write('1');
    await clock.advance(rowMs / 2);
    await write('2');
    await store.recall('vm', { vmId: second }, rowMs);
    expect(reads()).toBe(0);
  });

  it('holds no more than its bytes: the oldest go first', async () => {
    const tag = 'c'.repeat(12);
    const sealed = new Uint8Array(250_000);
    const ids = Array.from({ length: 140 }, (_, n) => tag + n.toString(16).padStart(20, '0'));
    for (const jobId of ids) await store.commit([{ do: 'create', kind: 'spec', row: { jobId, sealed } }]);
    const [first = '', last = ''] = [ids[0], ids.at(-1)];
    await store.recall('spec', { jobId: last }, rowMs);
    expect(reads()).toBe(0);
    await store.recall('spec', { jobId: first }, rowMs);
    expect(reads()).toBe(1);
  });
});
