/**
 * What this host does where the real one hangs, and what it does with large bodies: beside the conformance suite, with
 * HTTP streaming on and off.
 */
import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp, run, writeApp, type FixtureHost } from './fixture-app.ts';

const code = `
import { createRequire } from 'node:module';
const core = createRequire(import.meta.url)('@azure/functions-core');
const http = (name, options) => app.http(name, { authLevel: 'anonymous', ...options });
http('hello', { methods: ['GET'], route: 'hello/{name?}', handler: () => ({ body: 'hello' }) });
http('throws', { methods: ['GET'], route: 'throws', handler: () => { throw new Error('boom of the handler'); } });
http('breaks', { methods: ['GET'], route: 'breaks', handler: () => ({ headers: { 'content-length': '9', 'content-encoding': 'gzip' }, body: (async function* () { throw new Error('before the first byte'); })() }) });
http('empty', { methods: ['GET'], route: 'empty', handler: () => ({ status: 204 }) });
http('nothing', { methods: ['GET'], route: 'nothing', handler: () => undefined });
http('text', { methods: ['GET'], route: 'text', handler: () => 'no object' });
http('lies', { methods: ['GET'], route: 'lies', handler: () => ({ body: 'abc', headers: { 'content-length': '10' } }) });
http('ignores', { methods: ['POST'], route: 'ignores', handler: () => ({ status: 413, body: 'too much' }) });
http('cancels', { methods: ['POST'], route: 'cancels', handler: async (r) => { const reader = r.body.getReader(); await reader.read(); await reader.cancel(); return { body: 'never seen' }; } });
http('leaves', { methods: ['POST'], route: 'leaves', handler: async (r) => { await r.body.getReader().read(); return { status: 202, body: 'read no further' }; } });
http('counts', { methods: ['POST'], route: 'counts', handler: async (r) => { let bytes = 0, rss = 0; for await (const c of r.body) { bytes += c.length; rss = Math.max(rss, process.memoryUsage.rss()); } return { jsonBody: { bytes, rss } }; } });
http('length', { methods: ['POST'], route: 'length', handler: async (r) => ({ jsonBody: { bytes: (await r.text()).length } }) });
let made = 0;
http('stream', { methods: ['GET'], route: 'stream/{count}', handler: (r) => ({ body: (async function* () { for (made = 0; made < Number(r.params.count); made++) yield Buffer.alloc(1 << 20, 97); })() }) });
http('made', { methods: ['GET'], route: 'made', handler: () => ({ jsonBody: made }) });
app.hook.log((c) => { c.message = c.message.replace('secret', '***'); });
http('system', { methods: ['GET'], route: 'system', handler: () => { core.log('warning', 'system', 'a secret said by the library'); return { body: 'said' }; } });
http('logs', { methods: ['GET'], route: 'logs', handler: (r, c) => { c.log('my secret'); setTimeout(() => c.log('too late'), 20); return { body: 'logged' }; } });
http('traced', { methods: ['TRACE'], route: 'traced', handler: () => ({ body: 'never' }) });
`;
const mib = Buffer.alloc(1 << 20);
const localSettings = {
  Host: { CORS: 'http://a.example, http://b.example', CORSCredentials: true },
  Values: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: String(96 << 20) },
};

describe.each([{ streams: true }, { streams: false }])('HTTP (streaming: $streams)', ({ streams }) => {
  let host: FixtureHost;
  const get = (path: string, init?: RequestInit): Promise<Response> => fetch(host.url + path, init);
  const answer = async (path: string, init?: RequestInit): Promise<[number, string]> => {
    const response = await get(path, init);
    return [response.status, await response.text()];
  };

  beforeAll(async () => {
    host = await run(writeApp({ code, streams, localSettings }));
  });
  afterAll(cleanUp);

  it('answers faults of a handler with an empty 500 at once, and logs them', async () => {
    expect(await answer('/throws')).toEqual([500, '']);
    expect(await host.line(/boom of the handler/)).toBeDefined();
    expect(
      await host.line(/Executed 'Functions\.throws' \(Failed, Id=[0-9a-f-]{36}, Duration=\d+ms\)/),
    ).toBeDefined();
    // The library's own answer has it: without one it would keep the request for ever.
    expect((await get('/throws')).headers.has('x-ms-invocation-id')).toBe(streams);
    const broken = await get('/breaks');
    expect([broken.status, broken.headers.get('content-encoding')]).toEqual([500, null]);
    expect(await answer('/text')).toEqual([500, '']);
    expect(await raw(host.port, 'TRACE /traced HTTP/1.1\r\nHost: h\r\n')).toMatch(/^HTTP\/1\.1 500/);
    expect(await host.line(/'traced' lists TRACE/)).toContain('hanging');
    expect(await raw(host.port, 'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n')).toMatch(/^HTTP\/1\.1 404/);
    expect(await answer('/nothing')).toEqual(streams ? [500, ''] : [204, '']);
  });

  it('gives 204 without a length', async () => {
    const { status, headers } = await get('/empty');
    expect([status, headers.get('content-length')]).toEqual([204, null]);
  });

  it.runIf(streams)('does not let a wrong content-length hang the client', async () => {
    await expect(answer('/lies')).rejects.toThrow();
    expect(await answer('/hello')).toMatchObject({ 0: 200 });
  });

  it('writes what the log hook made of a message', async () => {
    expect(await answer('/logs')).toEqual([200, 'logged']);
    expect(await answer('/system')).toEqual([200, 'said']);
    expect(await host.line(/my \*\*\*/)).not.toContain('secret');
    expect(await host.line(/said by the library/)).toContain('a secret');
    expect(await host.line(/after function execution has completed/)).toContain('Function name: logs');
  });

  it('keeps the limits of the real host', async () => {
    expect(await raw(host.port, 'GET /hello/%00 HTTP/1.1\r\nHost: h\r\n')).toMatch(/^HTTP\/1\.1 400/);
    expect(await raw(host.port, 'get /hello HTTP/1.1\r\nHost: h\r\n')).toMatch(/^HTTP\/1\.1 404/);
    expect(await raw(host.port, 'GET /hello HTTP/1.1\r\nHost: h\r\nExpect: banana\r\n')).toMatch(
      /^HTTP\/1\.1 200/,
    );
    for (const odd of ['evil"><x', 'a b', 'a/b', 'a@b', 'a:99999', '[::1', 'a?b'])
      expect(await raw(host.port, `GET /hello HTTP/1.1\r\nHost: ${odd}\r\n`)).toMatch(/^HTTP\/1\.1 400/);
    for (const name of ['h', 'h:7071', '[::1]:80', 'a.b-c_d:', ''])
      expect(await raw(host.port, `GET /hello HTTP/1.1\r\nHost: ${name}\r\n`), name).toMatch(
        /^HTTP\/1\.1 200/,
      );
    expect((await get(`/hello/${'x'.repeat(9000)}`)).status).toBe(414);
    expect((await get('/hello', { headers: { long: 'x'.repeat(20_000) } })).status).toBe(431);
    const tooMuch = { method: 'POST', body: Buffer.alloc(97 << 20) };
    expect(await answer('/ignores', tooMuch)).toEqual([500, '']);
    if (streams)
      expect(await answer('/counts', chunkedPost(Array.from({ length: 97 }, () => mib)))).toEqual([500, '']);
  });

  it('lets the origins of local.settings.json send credentials when it says so', async () => {
    const asked = { 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-a' };
    const headers = { origin: 'http://B.example', ...asked };
    const preflight = await raw(
      host.port,
      `OPTIONS /hello HTTP/1.1\r\nHost: h\r\n${Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}`,
    );
    expect(preflight).toMatch(/^HTTP\/1\.1 204/);
    for (const line of [
      'access-control-allow-origin: http://B.example',
      'vary: Origin',
      'access-control-allow-credentials: true',
      'access-control-allow-methods: GET',
      'access-control-allow-headers: x-a',
    ])
      expect(preflight).toContain(`${line}\r\n`);
    const other = await raw(host.port, 'GET /hello HTTP/1.1\r\nHost: h\r\norigin: http://c.example\r\n');
    expect(other).not.toContain('access-control');
  });

  it('shows its page at / unless told not to, and keeps /admin to itself', async () => {
    expect(await answer('/')).toEqual([200, expect.stringContaining('up and running')]);
    expect(await answer('/admin')).toEqual([401, '']);
    expect(await answer('/runtime/webhooks/x')).toEqual([401, '']);
  });

  it('lives on when a client of /admin breaks off, and takes no large body there', async () => {
    const { pid } = host;
    const head = `POST /admin/functions/hello HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n`;
    expect(await raw(host.port, `${head}Content-Length: 100\r\n`)).toMatch(/^HTTP\/1\.1 400/);
    expect(await answer('/hello')).toEqual([200, 'hello']);
    expect(host.pid).toBe(pid);
    const headers = { 'content-type': 'application/json' };
    const run = (init: RequestInit) => answer('/admin/functions/none', { ...init, method: 'POST', headers });
    expect(await run({ body: '{}' })).toEqual([404, '']);
    expect(await run({ body: Buffer.alloc(5 << 20, ' ') })).toEqual([413, '']);
    expect(await run(chunkedPost(Array.from({ length: 5 }, () => mib)))).toEqual([413, '']);
  });

  it.runIf(streams)(
    'answers before an untouched body is sent, and cuts off a body that was left half read',
    async () => {
      const body = Buffer.alloc(4 << 20);
      expect(await answer('/ignores', { method: 'POST', body })).toEqual([413, 'too much']);
      expect(await answer('/cancels', { method: 'POST', body })).toEqual([500, '']);
      expect(await host.line(/cancelled half read/)).toContain('Functions.cancels');
    },
  );

  it.runIf(streams)('cuts off a client whose body nobody reads any more, 8 s after the answer', async () => {
    const socket = net.connect({ port: host.port, host: '127.0.0.1' });
    socket.write(`POST /leaves HTTP/1.1\r\nHost: h\r\nContent-Length: ${8 * mib.length}\r\n\r\n`);
    for (let part = 0; part < 8; part++) socket.write(mib);
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk))).on('error', () => undefined);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(text).toMatch(/^HTTP\/1\.1 202/);
    expect(await host.line(/left half read/)).toContain('Functions.leaves');
  });

  it.runIf(streams)('resets no client that is still sending when its last answer is out', async () => {
    const socket = net.connect({ port: host.port, host: '127.0.0.1', allowHalfOpen: true });
    const parts = 4;
    const head = `POST /ignores HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${parts * mib.length}\r\n\r\n`;
    socket.write(head);
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    await once(socket, 'end');
    expect(text).toMatch(/^HTTP\/1\.1 413/);
    const hasFailed = new Promise<boolean>((resolve) => {
      socket.on('error', () => undefined).on('close', resolve);
    });
    // One by one: what is under way when the connection is reset is lost without a word.
    for (let part = 0; part < parts; part++)
      await new Promise<unknown>((resolve) => void socket.write(mib, resolve));
    socket.end();
    expect(await hasFailed).toBe(false);
  });

  it.runIf(streams)('ends an answer that has begun before it closes on what it cannot read', async () => {
    const socket = net.connect({ port: host.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write('GET /stream/40 HTTP/1.1\r\nHost: h\r\n\r\n');
    const chunks: Buffer[] = [];
    await once(socket, 'readable');
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
    socket.write('no request at all\r\n\r\n');
    await once(socket, 'end');
    socket.end();
    const text = Buffer.concat(chunks).toString('latin1');
    expect(text).toMatch(/^HTTP\/1\.1 200/);
    expect(text).toMatch(/\r\n0\r\n\r\n$/);
    expect(text).not.toContain('400 Bad Request');
    expect(text.length).toBeGreaterThan(40 << 20);
  });

  it('asks a client that waits for it to send its body, once it is read', async () => {
    const json = 'Content-Type: application/json\r\n';
    const waiting = async (path: string, length: number, more = ''): Promise<string> => {
      const socket = net.connect({ port: host.port, host: '127.0.0.1' });
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n${more}Content-Length: ${length}\r\n\r\n`,
      );
      let text = '';
      for await (const chunk of socket) {
        text += String(chunk);
        if (text === 'HTTP/1.1 100 Continue\r\n\r\n') socket.write('0123456789');
        if (text.includes('"bytes":10}') || text.includes('HTTP/1.1 400 ')) break;
      }
      return text;
    };
    expect(await waiting('/nowhere', 10)).toMatch(/^HTTP\/1\.1 404 /);
    expect(await waiting('/ignores', 97 << 20)).toMatch(/^HTTP\/1\.1 500 /);
    expect(await waiting('/admin/functions/none', 10, json)).toMatch(/^HTTP\/1\.1 100 [^]*HTTP\/1\.1 400 /);
    expect(await waiting('/length', 10)).toMatch(/^HTTP\/1\.1 100 [^]*HTTP\/1\.1 200 /);
  });

  it.runIf(streams)('gives 400 to a client that closes in the middle of its body', async () => {
    const head = `POST /counts HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n`;
    expect(await raw(host.port, head)).toMatch(/^HTTP\/1\.1 400/);
    expect(await answer('/hello')).toMatchObject({ 0: 200 });
  });

  it.runIf(streams)('takes an upload in bounded memory', async () => {
    const [count, chunk] = [80, Buffer.alloc(1 << 20)];
    const body = (function* () {
      for (let sent = 0; sent < count; sent++) yield chunk;
    })();
    const response = await get('/counts', chunkedPost(body));
    const { bytes, rss } = (await response.json()) as { bytes: number; rss: number };
    expect(bytes).toBe(count << 20);
    expect(rss).toBeLessThan(400 << 20);
  });

  it.runIf(streams)('lets a slow client hold back the body that it reads', async () => {
    const socket = net.connect(host.port, '127.0.0.1');
    socket.write('GET /stream/300 HTTP/1.1\r\nHost: h\r\n\r\n');
    await once(socket, 'readable');
    let made = 0;
    for (let asked = 0; asked < 100; asked++) made = (await (await get('/made')).json()) as number;
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(60);
    socket.destroy();
    await once(socket, 'close');
  });
});

/** A request without Content-Length. */
function chunkedPost(chunks: Iterable<Buffer>): RequestInit {
  const body = ReadableStream.from(chunks) as unknown as NonNullable<RequestInit['body']>;
  return { method: 'POST', body, duplex: 'half' };
}

/** Sends a request byte for byte and resolves with all that comes back. */
async function raw(port: number, head: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  socket.end(`${head}Connection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}
