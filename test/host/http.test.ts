/** What a client sees of the host: routes, bodies, limits and faults, with HTTP streaming on and off. */
import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp, run, writeApp, type FixtureHost } from './fixture-app.ts';

const code = `
const http = (name, options) => app.http(name, { authLevel: 'anonymous', ...options });
http('hello', { methods: ['GET'], route: 'hello/{name?}', handler: (r) => ({ jsonBody: { name: r.params.name ?? null, url: r.url, q: r.query.get('q'), h: r.headers.get('x-one'), params: r.params } }) });
http('echo', { methods: ['POST', 'DELETE'], route: 'echo', handler: async (r) => ({ body: await r.text() }) });
http('given', { methods: ['GET'], route: 'given', handler: () => new HttpResponse({ status: 201, body: 'made', headers: { 'x-own': '1' }, cookies: [{ name: 'c', value: 'v w', httpOnly: true, sameSite: 'Strict' }] }) });
http('throws', { methods: ['GET'], route: 'throws', handler: () => { throw new Error('boom of the handler'); } });
http('nothing', { methods: ['GET'], route: 'nothing', handler: () => undefined });
http('text', { methods: ['GET'], route: 'text', handler: () => 'no object' });
http('lies', { methods: ['GET'], route: 'lies', handler: () => ({ body: 'abc', headers: { 'content-length': '10' } }) });
http('off', { methods: ['GET'], route: 'off', handler: () => ({ body: 'on' }) });
http('ignores', { methods: ['POST'], route: 'ignores', handler: () => ({ status: 413, body: 'too much' }) });
http('cancels', { methods: ['POST'], route: 'cancels', handler: async (r) => { const reader = r.body.getReader(); await reader.read(); await reader.cancel(); return { body: 'never seen' }; } });
http('counts', { methods: ['POST'], route: 'counts', handler: async (r) => { let bytes = 0, rss = 0; for await (const c of r.body) { bytes += c.length; rss = Math.max(rss, process.memoryUsage.rss()); } return { jsonBody: { bytes, rss } }; } });
let made = 0;
http('stream', { methods: ['GET'], route: 'stream/{count}', handler: (r) => ({ body: (async function* () { for (made = 0; made < Number(r.params.count); made++) yield Buffer.alloc(1 << 20, 97); })() }) });
http('made', { methods: ['GET'], route: 'made', handler: () => ({ jsonBody: made }) });
app.hook.preInvocation((c) => { if (c.invocationContext.functionName === 'hooked') { c.inputs = ['replaced', 'twice']; c.functionHandler = (a, b) => ({ body: a + ' ' + b }); } });
app.hook.postInvocation((c) => { if (c.invocationContext.functionName === 'hooked') c.result = { body: c.result.body + ' and after' }; if (c.invocationContext.functionName === 'mended') { c.error = null; c.result = { body: 'mended' }; } });
app.hook.log((c) => { if (c.category === 'user') c.message = c.message.replace('secret', '***'); });
http('hooked', { methods: ['GET'], route: 'hooked', handler: () => ({ body: 'original' }) });
http('mended', { methods: ['GET'], route: 'mended', handler: (r, c) => { c.log('my secret'); throw new Error('hidden'); } });
`;
const localSettings = {
  Values: { 'AzureWebJobs.off.Disabled': 'true', FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: String(96 << 20) },
  Host: { CORS: 'http://a.example' },
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

  it('hands the request over and the answer back', async () => {
    const response = await get('/hello/x%20y?q=1&q=2', { headers: { 'x-one': 'eins' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({
      name: 'x y',
      url: `http://127.0.0.1:${host.port}/hello/x%20y?q=1&q=2`,
      q: streams ? '1' : '1,2',
      h: 'eins',
    });
    expect(await answer('/hello')).toEqual([200, expect.stringContaining('"name":null')]);
  });

  it('shows an encoded slash as the real host does', async () => {
    expect(await answer('/hello/a%2Fb')).toEqual([200, expect.stringContaining('/hello/a%252Fb')]);
  });

  it('mixes query values into the params only when streaming', async () => {
    const { params } = (await (await get('/hello/route?name=query&other=1')).json()) as { params: object };
    expect(params).toEqual(streams ? { name: 'route', other: '1' } : { name: 'route' });
  });

  it('reads bodies with a length, and chunked ones only when streaming', async () => {
    expect(await answer('/echo', { method: 'POST', body: 'whole' })).toEqual([200, 'whole']);
    expect(await answer('/echo', { method: 'DELETE', body: 'gone' })).toEqual([200, 'gone']);
    const chunked = chunkedPost([Buffer.from('in '), Buffer.from('chunks')]);
    expect(await answer('/echo', chunked)).toEqual([200, streams ? 'in chunks' : '']);
  });

  it('keeps status, headers and cookies', async () => {
    const response = await get('/given');
    expect([response.status, await response.text(), response.headers.get('x-own')]).toEqual([
      201,
      'made',
      '1',
    ]);
    const cookie = response.headers.getSetCookie()[0]?.toLowerCase() ?? '';
    expect(cookie).toMatch(/^c=v%20w;.*httponly/);
    expect(cookie).toContain('samesite=strict');
    expect(cookie.includes('path=/')).toBe(!streams);
  });

  it('answers faults of a handler with an empty 500 at once, and logs them', async () => {
    expect(await answer('/throws')).toEqual([500, '']);
    expect(await host.line(/boom of the handler/)).toBeDefined();
    expect(
      await host.line(/Executed 'Functions\.throws' \(Failed, Id=[0-9a-f-]{36}, Duration=\d+ms\)/),
    ).toBeDefined();
    expect(await answer('/text')).toEqual([500, '']);
    expect(await answer('/nothing')).toEqual(streams ? [500, ''] : [204, '']);
  });

  it.runIf(streams)('does not let a wrong content-length hang the client', async () => {
    await expect(answer('/lies')).rejects.toThrow();
    expect(await answer('/hello')).toMatchObject({ 0: 200 });
  });

  it('answers 404 with nothing in it for a wrong method, an unknown path and a disabled function', async () => {
    expect(await answer('/echo')).toEqual([404, '']);
    expect(await answer('/hello', { method: 'HEAD' })).toEqual([404, '']);
    expect(await answer('/nowhere')).toEqual([404, '']);
    expect(await answer('/off')).toEqual([404, '']);
    expect(await answer('//hello')).toEqual([404, '']);
  });

  it('runs hooks that replace inputs, handler, result, error and log message', async () => {
    expect(await answer('/hooked')).toEqual([200, 'replaced twice and after']);
    expect(await answer('/mended')).toEqual([200, 'mended']);
    expect(await host.line(/my \*\*\*/)).not.toContain('secret');
  });

  it('keeps the limits of the real host', async () => {
    expect(await raw(host.port, 'GET /hello/%00 HTTP/1.1\r\nHost: h\r\n')).toMatch(/^HTTP\/1\.1 400/);
    expect(await raw(host.port, 'get /hello HTTP/1.1\r\nHost: h\r\n')).toMatch(/^HTTP\/1\.1 404/);
    expect((await get(`/hello/${'x'.repeat(9000)}`)).status).toBe(414);
    expect((await get('/hello', { headers: { long: 'x'.repeat(20_000) } })).status).toBe(431);
    const tooMuch = { method: 'POST', body: Buffer.alloc(97 << 20) };
    expect(await answer('/ignores', tooMuch)).toEqual([500, '']);
  });

  it('shows its page at / unless told not to, and keeps /admin to itself', async () => {
    expect(await answer('/')).toEqual([200, expect.stringContaining('up and running')]);
    expect(await answer('/admin')).toEqual([401, '']);
    expect(await answer('/runtime/webhooks/x')).toEqual([401, '']);
  });

  it('does CORS for the origins of local.settings.json', async () => {
    const ask = {
      method: 'OPTIONS',
      headers: { origin: 'http://a.example', 'access-control-request-method': 'GET' },
    };
    const preflight = await get('/hello', ask);
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'http://a.example',
    ]);
    const other = await get('/hello', { headers: { origin: 'http://b.example' } });
    expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([200, null]);
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
