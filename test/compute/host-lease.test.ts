/** One host at a time runs the local VMs: on a real Azurite, with holders that wait, leave, die and are cut off. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, test } from 'vitest';
import { makeHostLease, type Holder, type HostLease } from '../../shared/compute/host-lease.ts';
import { makeLeaseBlob } from '../../shared/compute/lease-blob.ts';
import { thisProcess, type ProcessIdentity } from '../../shared/compute/process-identity.ts';
import { startAzurite, type Azurite } from '../fixtures/azurite.ts';
import { randomId } from '../vm/blob-place.ts';
import { startBlobProxy, type BlobProxy } from '../vm/blob-proxy.ts';

let azurite: Azurite;
let proxy: BlobProxy;
const leases: HostLease[] = [];
beforeAll(async () => {
  azurite = await startAzurite();
  proxy = await startBlobProxy();
});
afterAll(async () => {
  await Promise.all(leases.map((lease) => lease.release()));
  await proxy?.close();
  await azurite?.stop();
});

type Options = { holder?: ProcessIdentity; connectionString?: string };

function host(blobName: string, { holder, connectionString }: Options = {}) {
  const changes: Holder[] = [];
  const lease = makeHostLease({
    connectionString: connectionString ?? azurite.connectionString,
    blobName,
    log: () => undefined,
    ...(holder === undefined ? {} : { holder }),
  });
  lease.onChange((state) => changes.push(state));
  leases.push(lease);
  return { lease, changes };
}

function blobOf(name: string) {
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  return service.getContainerClient('millpond-hosts').getBlobClient(name);
}

/** A process of this machine that has ended. */
async function deadProcess(): Promise<ProcessIdentity> {
  const { holder, child } = await otherHolder(randomId());
  child.kill('SIGKILL');
  await once(child, 'exit');
  return holder;
}

/** Another process that holds the lease until it is killed. */
async function otherHolder(blobName: string) {
  const program = fileURLToPath(new URL('lease-program.ts', import.meta.url));
  const child = fork(program, [azurite.connectionString, blobName], { execArgv: [] });
  const [state] = (await once(child, 'message')) as [Holder];
  const { metadata } = await blobOf(blobName).getProperties();
  const { machine = '', pid = '', started = '' } = metadata ?? {};
  return { child, state, holder: { machine, pid: Number(pid), started } };
}

test.concurrent(
  'the first host holds it, a second one waits and takes it when it is given back',
  async ({ expect }) => {
    const name = randomId();
    const first = host(name);
    const second = host(name);
    expect(first.lease.state()).toBe('other');
    await first.lease.start();
    await second.lease.start();
    expect([first.lease.state(), second.lease.state()]).toEqual(['self', 'other']);
    await first.lease.release();
    await expect.poll(() => second.lease.state(), { timeout: 10_000 }).toBe('self');
    expect(first.changes).toEqual(['self', 'other']);
    expect(second.changes).toEqual(['self']);
  },
);

test(
  'a holder of this machine that was killed is succeeded at once',
  { concurrent: true, skip: process.platform !== 'linux' },
  async ({ expect }) => {
    const name = randomId();
    const { child, state } = await otherHolder(name);
    expect(state).toBe('self');
    const next = host(name);
    await next.lease.start();
    expect(next.lease.state()).toBe('other');
    await next.lease.release();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const restarted = host(name);
    const sinceMs = performance.now();
    await restarted.lease.start();
    expect(restarted.lease.state()).toBe('self');
    expect(performance.now() - sinceMs).toBeLessThan(5_000);
  },
);

test.concurrent(
  'a dead holder of another machine is waited for until its lease lapses',
  async ({ expect }) => {
    const name = randomId();
    const gone = { ...thisProcess(), machine: 'another machine' };
    const blob = makeLeaseBlob({
      connectionString: azurite.connectionString,
      container: 'millpond-hosts',
      blob: name,
      leaseS: 15,
      callMs: 4_000,
      leaseId: crypto.randomUUID(),
    });
    const sinceMs = performance.now();
    await blob.take(gone);
    const next = host(name);
    await next.lease.start();
    expect(next.lease.state()).toBe('other');
    await expect.poll(() => next.lease.state(), { timeout: 20_000, interval: 100 }).toBe('self');
    expect(performance.now() - sinceMs).toBeGreaterThan(14_000);
    expect(performance.now() - sinceMs).toBeLessThan(22_000);
  },
);

test.concurrent('a holder that is cut off stops believing before another can have it', async ({ expect }) => {
  const name = randomId();
  const order: string[] = [];
  const cutOff = host(name, {
    connectionString: azurite.connectionString.replace(azurite.blobUrl, proxy.through(azurite.blobUrl)),
    holder: { ...thisProcess(), machine: 'another machine' },
  });
  const next = host(name);
  cutOff.lease.onChange((state) => order.push(`cut off: ${state}`));
  next.lease.onChange((state) => order.push(`next: ${state}`));
  const sinceMs = performance.now();
  await cutOff.lease.start();
  proxy.rule(() => 'cut');
  await next.lease.start();
  await expect.poll(() => cutOff.lease.state(), { timeout: 25_000 }).toBe('other');
  expect(performance.now() - sinceMs).toBeGreaterThan(14_900);
  await expect.poll(() => next.lease.state(), { timeout: 15_000 }).toBe('self');
  expect(order).toEqual(['cut off: self', 'cut off: other', 'next: self']);
});

test.concurrent(
  'a lease that was lost and had again is no change, unless someone held it in between',
  async ({ expect }) => {
    const name = randomId();
    const { lease, changes } = host(name);
    await lease.start();
    await blobOf(name).getBlobLeaseClient().breakLease(0);
    const leaseState = async () => (await blobOf(name).getProperties()).leaseState;
    await expect.poll(leaseState, { timeout: 15_000 }).toBe('leased');
    expect(changes).toEqual(['self']);

    await blobOf(name).getBlobLeaseClient().breakLease(0);
    const stranger = makeLeaseBlob({
      connectionString: azurite.connectionString,
      container: 'millpond-hosts',
      blob: name,
      leaseS: 15,
      callMs: 4_000,
      leaseId: crypto.randomUUID(),
    });
    await stranger.take({ ...thisProcess(), machine: 'another machine' });
    await stranger.release();
    await expect.poll(() => changes, { timeout: 15_000 }).toEqual(['self', 'other', 'self']);
  },
);

test(
  'many hosts succeed one dead holder: exactly one has it, and keeps it',
  { concurrent: true, skip: process.platform !== 'linux' },
  async ({ expect }) => {
    const name = randomId();
    const dead = await deadProcess();
    const blob = makeLeaseBlob({
      connectionString: azurite.connectionString,
      container: 'millpond-hosts',
      blob: name,
      leaseS: 15,
      callMs: 4_000,
      leaseId: crypto.randomUUID(),
    });
    await blob.take(dead);
    const hosts = Array.from({ length: 6 }, () => host(name));
    await Promise.all(hosts.map(({ lease }) => lease.start()));
    await expect
      .poll(() => hosts.filter(({ lease }) => lease.state() === 'self').length, { timeout: 10_000 })
      .toBe(1);
    const winner = hosts.find(({ lease }) => lease.state() === 'self');
    expect(winner?.changes).toEqual(['self']);
    const held = await blob.take(dead);
    expect(held.kind).toBe('held');
  },
);

test.concurrent(
  'a stale look at a dead holder does not end the lease of its successor',
  async ({ expect }) => {
    const name = randomId();
    const options = {
      connectionString: azurite.connectionString,
      container: 'millpond-hosts',
      blob: name,
      leaseS: 15,
      callMs: 4_000,
    };
    const first = makeLeaseBlob({ ...options, leaseId: crypto.randomUUID() });
    const second = makeLeaseBlob({ ...options, leaseId: crypto.randomUUID() });
    const third = makeLeaseBlob({ ...options, leaseId: crypto.randomUUID() });
    const self = thisProcess();
    await first.take({ ...self, pid: 1 });
    const seen = await second.take(self);
    if (seen.kind !== 'held') throw new Error('it should be held');
    expect(seen.by).toEqual({ ...self, pid: 1 });
    await second.end(seen.etag);
    expect((await second.take(self)).kind).toBe('taken');
    await third.end(seen.etag);
    expect(await second.renew()).toBe('renewed');
    expect(await first.renew()).toBe('lost');
  },
);

test.concurrent('without a storage the holder is another, and start does not reject', async ({ expect }) => {
  const connectionString = azurite.connectionString.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:1');
  const { lease } = host(randomId(), { connectionString });
  await lease.start();
  expect(lease.state()).toBe('other');
  await lease.release();
});
