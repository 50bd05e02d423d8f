/** What our own blobs and those of callers must do; run on the in-memory twin and on a real Azurite. */
import { expect, test } from 'vitest';
import type { BlobPlace, CallerBlobs, Clock, OwnBlobs } from '../../shared/app/ports.ts';

export type BlobWorld = {
  readonly own: OwnBlobs;
  readonly callers: CallerBlobs;
  readonly clock: Clock;
  /** A caller's account with a container `data`. */
  readonly endpoint: string;
  readonly access: BlobPlace['access'];
  /** Writes to the container `data`. */
  write(name: string, bytes: string): Promise<void>;
  /** A SAS of the caller's, for one blob of `container`. */
  sas(container: string, name: string, permissions: string): string;
  /** What the bearer of a URL gets. */
  read(url: string): Promise<{ status: number; text: string }>;
  put(url: string, text: string): Promise<number>;
};

const hourMs = 3_600_000;

export function blobsContract(theWorld: () => BlobWorld): void {
  const place = (name: string, container = 'data'): BlobPlace => {
    const { endpoint, access } = theWorld();
    return { endpoint, container, name, access };
  };
  const withSas = (at: BlobPlace, permissions: string): BlobPlace => ({
    ...at,
    access: { kind: 'sas', token: theWorld().sas(at.container, at.name, permissions) },
  });
  const soon = () => theWorld().clock.now() + hourMs;

  test('own: what is put is got, the last one wins, nothing is undefined', async () => {
    const { own } = theWorld();
    const bytes = new Uint8Array(300_000).map((_, at) => at % 253);
    await own.put('millpond-models', 'a/b c', new Uint8Array([1]));
    await own.put('millpond-models', 'a/b c', bytes);
    expect(Buffer.compare((await own.get('millpond-models', 'a/b c'))!, bytes)).toBe(0);
    expect(await own.get('millpond-models', 'a/b')).toBeUndefined();
    await own.put('millpond-models', 'empty', new Uint8Array());
    expect((await own.get('millpond-models', 'empty'))!.byteLength).toBe(0);
  });

  test('own: a place can be signed for, to write and to read, before anything was put there', async () => {
    const { own, callers, read, put } = theWorld();
    const at = await own.place('millpond-results', 'job/output 1.csv');
    expect(await callers.lookForContainer(at)).toBe('found');
    expect(await put(callers.sign(at, 'rcw', soon()), 'a,b\n')).toBe(201);
    expect(await read(callers.sign(at, 'r', soon()))).toEqual({ status: 200, text: 'a,b\n' });
    expect(Buffer.from((await own.get('millpond-results', 'job/output 1.csv'))!).toString()).toBe('a,b\n');
    expect(await own.get('millpond-uploads', 'job/output 1.csv')).toBeUndefined();
  });

  test('own: names are listed in their order, page by page, and what is removed is gone, once or twice', async () => {
    const { own } = theWorld();
    const day = `0${String(Date.now()).slice(-5)}`;
    const names = [`${day}/b/x é%.csv`, `${day}/a/1.csv`, `${day}/a/2.csv`];
    for (const name of names) await own.put('millpond-uploads', name, new Uint8Array([1]));
    const listed = async () => {
      const found: string[] = [];
      let after: string | undefined;
      do {
        const page = await own.list('millpond-uploads', {
          limit: 1,
          ...(after === undefined ? {} : { after }),
        });
        expect(page.blobs.length).toBeLessThanOrEqual(1);
        found.push(...page.blobs.map(({ name }) => name));
        after = page.after;
      } while (after !== undefined);
      return found.filter((name) => name.startsWith(`${day}/`));
    };
    expect(await listed()).toEqual(names.toSorted());
    for (let n = 0; n < 2; n += 1) await own.remove('millpond-uploads', names[0]!);
    expect(await listed()).toEqual(names.slice(1));
    for (const name of names) await own.remove('millpond-uploads', name);
    expect(await own.list('millpond-results', { limit: 1_000 })).not.toHaveProperty('after');
  });

  test('own: a blob is removed only while it has the version that it was listed with', async () => {
    const { own } = theWorld();
    const name = `1${String(Date.now()).slice(-5)}/a.json`;
    const etagOf = async () => {
      const { blobs } = await own.list('millpond-services', { limit: 1_000 });
      return blobs.find((one) => one.name === name)?.etag;
    };
    const bytes = new Uint8Array([1]);
    await own.put('millpond-services', name, bytes);
    const first = await etagOf();
    // The same bytes, and another version all the same.
    await own.put('millpond-services', name, bytes);
    const second = await etagOf();
    expect(second).not.toBe(first);
    await own.remove('millpond-services', name, first);
    expect(await etagOf()).toBe(second);
    for (let n = 0; n < 2; n += 1) await own.remove('millpond-services', name, second);
    expect(await own.get('millpond-services', name)).toBeUndefined();
  });

  test('a container is made with the account key, again without harm, and never with a SAS', async () => {
    const { callers } = theWorld();
    const at = place('x.csv', `made${String(Date.now()).slice(-6)}`);
    expect(await callers.lookForContainer(at)).toEqual({ kind: 'missing', what: 'container' });
    expect(await callers.makeContainer(withSas(place('x.csv'), 'rcw'))).toMatchObject({ kind: 'forbidden' });
    const wrong = { kind: 'key', account: (at.access as { account: string }).account, key: 'AAAA' } as const;
    expect(await callers.makeContainer({ ...at, access: wrong })).toMatchObject({ kind: 'forbidden' });
    expect(await callers.lookForContainer(at)).toEqual({ kind: 'missing', what: 'container' });
    expect([await callers.makeContainer(at), await callers.makeContainer(at)]).toEqual(['made', 'made']);
    expect(await callers.lookForContainer(at)).toBe('found');
  });

  test('look: found, with version and length; the version changes with the content', async () => {
    const { callers, write } = theWorld();
    await write('in.csv', 'x');
    const first = await callers.look(place('in.csv'));
    expect(first).toEqual({ kind: 'found', bytes: 1, etag: expect.stringMatching(/^"0x[0-9A-F]+"$/) });
    await write('in.csv', 'xyz');
    const second = await callers.look(place('in.csv'));
    expect(second).toMatchObject({ kind: 'found', bytes: 3 });
    expect(second).not.toMatchObject({ etag: first.kind === 'found' ? first.etag : '' });
    expect(await callers.look(withSas(place('in.csv'), 'r'))).toEqual(second);
  });

  test('look: names with every awkward character are one blob, each', async () => {
    const { callers, write } = theWorld();
    const names = ['a b.csv', 'a%20b.csv', 'a+b.csv', 'ä/ö?#&=.csv', "o'n(1)!*.csv", 'x/y//z.csv'];
    for (const [n, name] of names.entries()) await write(name, 'x'.repeat(n + 1));
    for (const [n, name] of names.entries()) {
      expect(await callers.look(place(name)), name).toMatchObject({ kind: 'found', bytes: n + 1 });
      expect(await callers.look(withSas(place(name), 'r')), name).toMatchObject({
        kind: 'found',
        bytes: n + 1,
      });
    }
  });

  test('look: a missing blob, a missing container', async () => {
    const { callers } = theWorld();
    expect(await callers.look(place('nothing.csv'))).toEqual({ kind: 'missing', what: 'blob' });
    expect(await callers.look(place('in.csv', 'nowhere'))).toEqual({ kind: 'missing', what: 'container' });
  });

  test('look: a wrong key, a SAS for another blob, a SAS without the right', async () => {
    const { callers, write } = theWorld();
    await write('in.csv', 'x');
    const access = {
      kind: 'key',
      account: (place('x').access as { account: string }).account,
      key: 'AAAA',
    } as const;
    expect(await callers.look({ ...place('in.csv'), access })).toMatchObject({
      kind: 'forbidden',
      reason: expect.stringContaining('403'),
    });
    const other = { ...place('in.csv'), access: withSas(place('other.csv'), 'r').access };
    expect(await callers.look(other)).toMatchObject({ kind: 'forbidden' });
    expect(await callers.look(withSas(place('in.csv'), 'cw'))).toMatchObject({ kind: 'forbidden' });
  });

  test.each(['', '.', '..', 'a/../b', './a', 'a/.'])(
    'look: the name %j has no address and is refused',
    async (name) => {
      const { callers } = theWorld();
      expect(await callers.look(place(name))).toMatchObject({ kind: 'forbidden' });
      expect(() => callers.sign(place(name), 'r', soon())).toThrow(/no address/);
    },
  );

  test('container: found whether or not the blob is there; missing; a SAS that may not say counts as found', async () => {
    const { callers, write } = theWorld();
    await write('in.csv', 'x');
    expect(await callers.lookForContainer(place('in.csv'))).toBe('found');
    expect(await callers.lookForContainer(place('new.csv'))).toBe('found');
    expect(await callers.lookForContainer(place('new.csv', 'nowhere'))).toEqual({
      kind: 'missing',
      what: 'container',
    });
    expect(await callers.lookForContainer(withSas(place('new.csv'), 'cw'))).toBe('found');
    expect(await callers.lookForContainer(withSas(place('new.csv'), 'rcw'))).toBe('found');
    const wrong = { ...place('new.csv'), access: withSas(place('other.csv'), 'cw').access };
    expect(await callers.lookForContainer(wrong)).toMatchObject({ kind: 'forbidden' });
  });

  test('sign r: opens this blob for reading and for nothing else', async () => {
    const { callers, write, read, put } = theWorld();
    await write('in.csv', 'secret');
    await write('neighbour.csv', 'other');
    const untilMs = soon();
    const url = callers.sign(place('in.csv'), 'r', untilMs);
    expect(await read(url)).toEqual({ status: 200, text: 'secret' });
    expect(await put(url, 'new')).toBe(403);
    expect((await read(url.replace('in.csv', 'neighbour.csv'))).status).toBe(403);
    expect(url).toBe(url.split('?')[0]! + callers.token(place('in.csv'), 'r', untilMs));
  });

  test('sign rcw: opens this blob for making, writing and reading', async () => {
    const { callers, read, put } = theWorld();
    const url = callers.sign(place('made/out put.csv'), 'rcw', soon());
    expect(await put(url, 'one')).toBe(201);
    expect(await put(url, 'two')).toBe(201);
    expect(await read(url)).toEqual({ status: 200, text: 'two' });
  });

  test('sign: over when its time is over', async () => {
    const { callers, write, read, clock } = theWorld();
    await write('in.csv', 'x');
    expect((await read(callers.sign(place('in.csv'), 'r', clock.now() - hourMs))).status).toBe(403);
  });

  test('sign: a SAS that was given is kept as it is, with or without its question mark', () => {
    const { callers } = theWorld();
    const at = withSas(place('in.csv'), 'r');
    const given = at.access.kind === 'sas' ? at.access.token : '';
    expect(given.startsWith('?')).toBe(true);
    expect(callers.token(at, 'rcw', soon())).toBe(given);
    const bare: BlobPlace = { ...at, access: { kind: 'sas', token: given.slice(1) } };
    expect(callers.sign(bare, 'rcw', soon())).toBe(`${theWorld().endpoint}/data/in.csv${given}`);
  });

  test('fetch: whole, too large, missing, forbidden', async () => {
    const { callers, write } = theWorld();
    await write('model.onnx', 'x'.repeat(1_000));
    const got = await callers.fetch(place('model.onnx'), 1_000);
    expect(got.kind === 'bytes' && Buffer.from(got.bytes).toString()).toBe('x'.repeat(1_000));
    expect(await callers.fetch(withSas(place('model.onnx'), 'r'), 1_000)).toMatchObject({ kind: 'bytes' });
    expect(await callers.fetch(place('model.onnx'), 999)).toEqual({ kind: 'too-large' });
    expect(await callers.fetch(place('nothing'), 10)).toEqual({ kind: 'missing', what: 'blob' });
    expect(await callers.fetch(place('x', 'nowhere'), 10)).toEqual({ kind: 'missing', what: 'container' });
    expect(await callers.fetch(withSas(place('model.onnx'), 'cw'), 10)).toMatchObject({ kind: 'forbidden' });
  });
}
