/** The contract of blobs on the in-memory twin, and what only the twin can do. */
import { beforeEach, describe, expect, test } from 'vitest';
import { StoreFault } from '../../shared/app/ports.ts';
import { ManualClock } from '../../shared/storage/manual-clock.ts';
import { makeMemoryBlobs, type MemoryBlobs } from '../../shared/storage/memory-blobs.ts';
import { blobsContract, type BlobWorld } from './blobs-contract.ts';

const endpoint = 'https://caller.blob.core.windows.net';

describe('blobs in memory', () => {
  const clock = new ManualClock();
  let blobs: MemoryBlobs;
  let world: BlobWorld;
  beforeEach(() => {
    blobs = makeMemoryBlobs(clock);
    const access = blobs.addAccount(endpoint, 'caller', ['data']);
    world = {
      own: blobs.own,
      callers: blobs.callers,
      clock,
      endpoint,
      access,
      write: async (name, bytes) => void blobs.put({ endpoint, container: 'data', name }, bytes),
      sas: (container, name, permissions) =>
        blobs.sas({ endpoint, container, name }, permissions, clock.now() + 60_000),
      async read(url) {
        const reply = blobs.readUrl(url);
        if (reply.kind === 'refused') return { status: reply.status, text: '' };
        return { status: 200, text: Buffer.from(reply.bytes).toString() };
      },
      async put(url, text) {
        const reply = blobs.writeUrl(url, text);
        return reply.kind === 'refused' ? reply.status : 201;
      },
    };
  });
  blobsContract(() => world);

  test('an account that is not there', async () => {
    const place = {
      endpoint: 'https://nobody.blob.core.windows.net',
      container: 'data',
      name: 'x',
      access: world.access,
    };
    expect(await blobs.callers.look(place)).toEqual({ kind: 'missing', what: 'account' });
    expect(blobs.readUrl(`${place.endpoint}/data/x`)).toMatchObject({ kind: 'refused', status: 404 });
  });

  test('writing on conditions: nothing there, this version there', () => {
    const where = { endpoint, container: 'data', name: 'out.csv' };
    const url = world.callers.sign({ ...where, access: world.access }, 'rcw', clock.now() + 1_000);
    const made = blobs.writeUrl(url, 'one', { ifNoneMatch: '*', metadata: { job: 'j' } });
    expect(made).toMatchObject({ kind: 'ok', metadata: { job: 'j' } });
    expect(blobs.writeUrl(url, 'two', { ifNoneMatch: '*' })).toMatchObject({
      status: 409,
      code: 'BlobAlreadyExists',
    });
    expect(blobs.writeUrl(url, 'two', { ifMatch: '"0x0"' })).toMatchObject({
      status: 412,
      code: 'ConditionNotMet',
    });
    const etag = made.kind === 'ok' ? made.etag : '';
    expect(blobs.writeUrl(url, 'two', { ifMatch: etag })).toMatchObject({ kind: 'ok' });
    expect(Buffer.from(blobs.peek(where)!).toString()).toBe('two');
    blobs.remove(where);
    expect(blobs.writeUrl(url, 'three', { ifMatch: etag })).toMatchObject({ status: 412 });
  });

  test('what cannot be reached is said to be so', async () => {
    blobs.onCall = (op) => (op === 'put' || op === 'look' ? 'unreachable' : undefined);
    await expect(blobs.own.put('millpond-models', 'm', new Uint8Array())).rejects.toBeInstanceOf(StoreFault);
    const place = { endpoint, container: 'data', name: 'x', access: world.access };
    expect(await blobs.callers.look(place)).toMatchObject({ kind: 'unreachable' });
    blobs.onCall = undefined;
    expect(await blobs.callers.look(place)).toMatchObject({ kind: 'missing' });
  });
});
