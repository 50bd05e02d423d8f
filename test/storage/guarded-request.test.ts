/** Requests to addresses that callers chose: no redirects, not into the machine, in time, not without end. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlobPlace } from '../../shared/app/ports.ts';
import { makeCallerBlobs } from '../../shared/storage/caller-blobs.ts';
import { parseStorageAccount } from '../../shared/storage/connection-string.ts';
import { withDeadline } from '../../shared/storage/deadline.ts';
import { isForbiddenAddress } from '../../shared/net/forbidden-address.ts';
import { makeStorageClock } from '../../shared/storage/storage-clock.ts';

describe('addresses', () => {
  test.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '169.254.169.254',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    '::ffff:a83f:8110',
    '::127.0.0.1',
    'fe80::1%eth0',
    'fec0::1',
    '64:ff9b::169.254.169.254',
    '64:ff9b::7f00:1',
    '64:ff9b::a83f:8110',
    '64:ff9b:1::1',
    '2002:7f00:1::1',
    '2002:a9fe:a9fe::',
    'not an address',
  ])('%s is forbidden', (address) => expect(isForbiddenAddress(address)).toBe(true));
  test.each([
    '20.60.1.1',
    '10.0.0.4',
    '192.168.1.1',
    '168.63.129.17',
    '2603:1030::1',
    '::ffff:20.60.1.1',
    '64:ff9b::143c:101',
    'fd00::1',
  ])('%s is allowed', (address) => expect(isForbiddenAddress(address)).toBe(false));
});

describe('callers and servers that mean harm', () => {
  let server: Server;
  let endpoint: string;
  let behave: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
  const paths: string[] = [];
  const place = (): BlobPlace => ({
    endpoint,
    container: 'c',
    name: 'b',
    access: { kind: 'sas', token: '?sig=1' },
  });
  const callers = () =>
    makeCallerBlobs({ clock: makeStorageClock(), openEndpoints: [endpoint], callMs: 150 });

  beforeAll(async () => {
    server = createServer((incoming, outgoing) => {
      paths.push(incoming.url ?? '');
      behave(incoming, outgoing);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/acc`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  });

  test('a redirect is not followed', async () => {
    paths.length = 0;
    behave = (_, outgoing) => outgoing.writeHead(302, { location: '/elsewhere' }).end();
    expect(await callers().look(place())).toMatchObject({
      kind: 'forbidden',
      reason: expect.stringContaining('redirects'),
    });
    expect(await callers().fetch(place(), 10)).toMatchObject({ kind: 'forbidden' });
    expect(paths).toEqual(['/acc/c/b?sig=1', '/acc/c/b?sig=1']);
  });

  test('no answer: unreachable, in time', async () => {
    behave = () => {};
    expect(await callers().look(place())).toEqual({
      kind: 'unreachable',
      reason: expect.stringContaining('within 150 ms'),
    });
  });

  test('a body that is longer than it said, or never said: cut off', async () => {
    behave = (_, outgoing) => {
      outgoing.writeHead(200, { etag: '"1"' });
      const more = () => {
        while (!outgoing.destroyed && outgoing.write('x'.repeat(10_000)));
      };
      outgoing.on('drain', more);
      more();
    };
    expect(await callers().fetch(place(), 100_000)).toEqual({ kind: 'too-large' });
  });

  test('what is no blob storage', async () => {
    behave = (_, outgoing) => outgoing.writeHead(200).end('hello');
    expect(await callers().look(place())).toMatchObject({
      kind: 'unreachable',
      reason: expect.stringContaining('no blob storage'),
    });
  });

  test.each([
    [500, 'unreachable'],
    [503, 'unreachable'],
    [429, 'unreachable'],
    [400, 'forbidden'],
    [401, 'forbidden'],
    [409, 'forbidden'],
  ])('%i is %s, and its code is cut to letters', async (status, kind) => {
    behave = (_, outgoing) => outgoing.writeHead(status, { 'x-ms-error-code': 'Some"Code<1>' }).end();
    expect(await callers().look(place())).toEqual({ kind, reason: `${status} SomeCode` });
  });

  test('a connection that the other side had closed meanwhile is no failure', async () => {
    const one = callers();
    const seen = new Set<unknown>();
    const broken: unknown[] = [];
    behave = (incoming, outgoing) => {
      if (seen.has(incoming.socket) && broken.length === 0) {
        broken.push(incoming.socket);
        incoming.socket.destroy();
        return;
      }
      seen.add(incoming.socket);
      outgoing.writeHead(200, { etag: '"0x1"', 'content-length': '3' }).end();
    };
    for (let tries = 0; broken.length === 0 && tries < 100; tries++) {
      expect(await one.look(place())).toMatchObject({ kind: 'found' });
    }
    expect(broken).toHaveLength(1);
  });

  test('a name that does not exist is a missing account', async () => {
    const nowhere = { ...place(), endpoint: 'https://nowhere.invalid' };
    const look = await callers().look(nowhere);
    // Without any name server the answer is another one: then nothing is known about the account.
    if (look.kind !== 'unreachable') expect(look).toEqual({ kind: 'missing', what: 'account' });
    else expect(look.reason).toMatch(/EAI_AGAIN|within/);
  });
});

test('a deadline ends what does not listen to its signal', async () => {
  await expect(withDeadline(10, () => new Promise(() => {}))).rejects.toThrow(/within 10 ms/);
  const signals: AbortSignal[] = [];
  await expect(
    withDeadline(10, (signal) => {
      signals.push(signal);
      return new Promise(() => {});
    }),
  ).rejects.toThrow();
  expect(signals[0]!.aborted).toBe(true);
  expect(await withDeadline(1_000, async () => 'in time')).toBe('in time');
  await expect(withDeadline(1_000, async () => Promise.reject(new Error('own')))).rejects.toThrow('own');
});

describe('the connection string of our account', () => {
  const key = 'a2V5';
  test('Azure, a sovereign cloud, explicit endpoints, the emulator', () => {
    const text = `DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=${key}==;EndpointSuffix=core.windows.net`;
    expect(parseStorageAccount(text)).toEqual({
      account: 'acc',
      key: `${key}==`,
      blobEndpoint: 'https://acc.blob.core.windows.net',
      tableEndpoint: 'https://acc.table.core.windows.net',
    });
    expect(
      parseStorageAccount(`AccountName=a;AccountKey=${key};EndpointSuffix=core.chinacloudapi.cn`),
    ).toMatchObject({
      tableEndpoint: 'https://a.table.core.chinacloudapi.cn',
    });
    const explicit = parseStorageAccount(
      `AccountName=a;AccountKey=${key};BlobEndpoint=http://h:1/a/;TableEndpoint=http://h:2/a`,
    );
    expect(explicit).toMatchObject({ blobEndpoint: 'http://h:1/a', tableEndpoint: 'http://h:2/a' });
    expect(parseStorageAccount('UseDevelopmentStorage=true')).toMatchObject({ account: 'devstoreaccount1' });
  });
  test.each(['', 'AccountName=a', `AccountKey=${key}`, 'SharedAccessSignature=sv=1;BlobEndpoint=https://x'])(
    '%j is none, and the message does not repeat it',
    (text) => {
      expect(() => parseStorageAccount(text)).toThrow(/AccountName and AccountKey/);
      expect(() => parseStorageAccount(text)).not.toThrow(new RegExp(key));
    },
  );
});
