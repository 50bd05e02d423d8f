/**
 * A name that leads inside is refused at the connection itself, in the service and on a VM alike, whatever it led to
 * when somebody looked before.
 */
import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { BlobPlace } from '../../shared/app/ports.ts';
import { judgeEndpoint } from '../../shared/core/blob-endpoint.ts';
import { makeCallerBlobs } from '../../shared/storage/caller-blobs.ts';
import { makeStorageClock } from '../../shared/storage/storage-clock.ts';
import { tryBlob } from '../../shared/vm/blob-call.ts';

let server: Server;
let port: number;
let heard = 0;
const realLookup = dns.lookup;

beforeAll(async () => {
  server = createServer((_, reply) => {
    heard++;
    reply.writeHead(200, { etag: '"1"', 'content-length': '6' }).end('secret');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' ? (address?.port ?? 0) : 0;
});
afterAll(async () => {
  server.closeAllConnections();
  await once(server.close(), 'close');
});
afterEach(() => {
  heard = 0;
  dns.lookup = realLookup;
  syncBuiltinESMExports();
});

type Found = { address: string; family: number };

/** A name server of the attacker's: each question gets the next answer, the last for ever. */
function answerWith(...answers: readonly (readonly string[])[]): string[] {
  const asked: string[] = [];
  const fake = (host: string, options: object, callback: (...args: unknown[]) => void) => {
    const found = answers[Math.min(asked.push(host), answers.length) - 1] ?? [];
    const all: Found[] = found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    if ('all' in options && options.all === true) callback(null, all);
    else callback(null, all[0]?.address, all[0]?.family);
  };
  dns.lookup = fake as unknown as typeof dns.lookup;
  syncBuiltinESMExports();
  return asked;
}

const place = (endpoint: string): BlobPlace => ({
  endpoint,
  container: 'data',
  name: 'a.csv',
  access: { kind: 'sas', token: '?sv=1&sig=x' },
});
const never = new AbortController().signal;
const inService = (url: string) =>
  makeCallerBlobs({ clock: makeStorageClock(), callMs: 2_000 }).look(place(url));
const onVm = (url: string, openHosts: readonly string[] = []) =>
  tryBlob({ method: 'GET', url: `${url}/data/a.csv?sig=x`, callMs: 2_000, openHosts }, never);

describe.each([
  '127.0.0.1',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '2130706433',
  '0x7f.1',
  '0177.0.0.1',
  '0',
  '127.1',
])('the address %s', (host) => {
  test('is not connected to, in the service or on a VM', async () => {
    expect(await inService(`http://${host}:${port}`)).toMatchObject({ kind: 'forbidden' });
    expect(await onVm(`http://${host}:${port}`)).toMatchObject({ kind: 'refused', code: 'ForbiddenAddress' });
    expect(heard).toBe(0);
  });
});

test.each([
  ['127.0.0.1'],
  ['::1'],
  ['::ffff:127.0.0.1'],
  ['169.254.169.254'],
  ['168.63.129.16'],
  ['64:ff9b::a9fe:a9fe'],
  // One good address beside it does not help.
  ['20.60.1.1', '127.0.0.1'],
])('a name that leads to %s is not connected to, in the service or on a VM', async (...addresses) => {
  answerWith(addresses);
  for (const scheme of ['http', 'https']) {
    const url = `${scheme}://blobs.attacker.example:${port}`;
    expect(await inService(url)).toMatchObject({
      kind: 'forbidden',
      reason: expect.stringMatching(/not allowed/),
    });
    expect(await onVm(url)).toMatchObject({ kind: 'refused', code: 'ForbiddenAddress' });
  }
  expect(heard).toBe(0);
});

test('a name that led elsewhere a moment ago: the look-up of the very connection counts', async () => {
  const asked = answerWith(['20.60.1.1'], ['127.0.0.1']);
  const url = `http://rebound.attacker.example:${port}`;
  // Whoever looked first saw a good address.
  await new Promise((resolve) => dns.lookup('rebound.attacker.example', { all: true }, resolve));
  expect(await inService(url)).toMatchObject({ kind: 'forbidden' });
  expect(await onVm(url)).toMatchObject({ kind: 'refused' });
  expect(asked).toHaveLength(3);
  expect(heard).toBe(0);
});

test('a connection that was made openly does not serve a closed request to the same host', async () => {
  answerWith(['127.0.0.1']);
  const named = `http://localhost:${port}`;
  const callers = makeCallerBlobs({ clock: makeStorageClock(), openEndpoints: [named], callMs: 2_000 });
  let connections = 0;
  server.on('connection', () => connections++);
  const openly = async () => {
    const before = connections;
    expect(await callers.look(place(named))).toMatchObject({ kind: 'found' });
    return connections > before ? 'new' : 'reused';
  };
  // Until one is kept and used again.
  while ((await openly()) === 'new');
  expect(await callers.look(place(`${named}/other`))).toMatchObject({ kind: 'forbidden' });
});

test('our own storage is reached where it is, and a redirect from it is not followed', async () => {
  expect(await onVm(`http://127.0.0.1:${port}`, ['127.0.0.1'])).toMatchObject({ kind: 'done' });
  const elsewhere = createServer((_, reply) =>
    reply.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end(),
  );
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const address = elsewhere.address();
  const at = typeof address === 'object' ? address?.port : 0;
  heard = 0;
  expect(await onVm(`http://127.0.0.1:${at}`, ['127.0.0.1'])).toMatchObject({ kind: 'refused', status: 302 });
  expect(heard).toBe(0);
  elsewhere.closeAllConnections();
  await once(elsewhere.close(), 'close');
});

/** Trust that allows all that can be allowed, but nothing of this machine. */
const trust = { allowedHosts: ['blobs.partner.example'] };

test.each([
  'http://169.254.169.254/metadata/instance',
  'https://169.254.169.254/',
  'https://168.63.129.16/',
  'https://[fe80::1]/',
  'https://[::ffff:169.254.169.254]/',
  'https://2852039166/',
  'https://0xA9FEA9FE/',
  'https://0251.0376.0251.0376/',
  'https://0/',
  'https://localhost/',
  'https://acct.blob.core.windows.net.evil.example/',
  'https://acct.blob.core.windows.net@evil.example/',
  'https://evil.example/acct.blob.core.windows.net',
  'https://evil.example#.blob.core.windows.net',
  'https://evil.example?.blob.core.windows.net',
  'https://evil.example\\.blob.core.windows.net',
  'https://evil.example%2f.blob.core.windows.net/',
  'https://acct.blob.core.windows.net./',
  'https://acct.blob.core.windows.net:8443/',
  'https://user:pass@acct.blob.core.windows.net/',
  'http://acct.blob.core.windows.net/',
  'https://ac-ct.blob.core.windows.net/',
  'https://acct.evil.blob.core.windows.net/',
  'https://acct.blob.core.windows.net\t/',
  'https://ａcct.blob.core.windows.net.evil.example/',
  'https://blobs.partner.example.evil.example/',
  'https://xblobs.partner.example/',
  'http://blobs.partner.example/',
  'https://blobs.partner.example:444/',
  'ftp://acct.blob.core.windows.net/',
  'file:///etc/passwd',
  '//acct.blob.core.windows.net/',
])('the endpoint %s is not taken', (text) => {
  expect(judgeEndpoint(text, trust).kind).toBe('untrusted');
});

test.each([
  'HTTPS://ACCT.BLOB.CORE.WINDOWS.NET/',
  'https://acct.blob.core.windows.net',
  'https://blobs.partner.example/',
])('the endpoint %s is taken, as it is spelt properly', (text) => {
  const judged = judgeEndpoint(text, trust);
  expect(judged.kind === 'trusted' ? judged.endpoint : '').toMatch(
    /^https:\/\/(acct\.blob\.core\.windows\.net|blobs\.partner\.example)$/,
  );
});
