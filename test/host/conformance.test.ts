/**
 * What any Functions host must do, seen through its URL alone, with the app in conformance-app.
 * MILLPOND_CONFORMANCE_URL names a host that runs it already (`func start`); without it the embedded host runs it, with
 * HTTP streaming and without.
 */
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAzurite } from '../fixtures/azurite.ts';
import { atEnd, cleanUp, repository, run } from './fixture-app.ts';

const given = process.env['MILLPOND_CONFORMANCE_URL']?.replace(/\/$/, '');
const givenStreams = process.env['MILLPOND_CONFORMANCE_STREAMS'] !== 'false';
const emptyBody = '';

describe.each(given === undefined ? [true, false] : [givenStreams])('a host (streaming: %s)', (streams) => {
  let url = given ?? '';
  const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(url + path, init);
  const answer = async (path: string, init?: RequestInit): Promise<[number, string]> => {
    const response = await ask(path, init);
    return [response.status, await response.text()];
  };
  const json = async (path: string, init?: RequestInit): Promise<Record<string, unknown>> =>
    (await (await ask(path, init)).json()) as Record<string, unknown>;
  /** Sends a request line byte for byte; gives the status. */
  const raw = async (line: string): Promise<number> => {
    const { hostname, port } = new URL(url);
    const socket = net.connect(Number(port), hostname);
    socket.write(`${line} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
  };

  beforeAll(async () => {
    if (given === undefined) url = await startEmbedded(streams);
    expect(await json('/mode')).toEqual({ streams });
  });
  afterAll(cleanUp);

  describe('hands a request over', () => {
    it('with its address, query, headers and context', async () => {
      const { host } = new URL(url);
      expect(await json('/show/x%20y?q=1&q=2', { headers: { 'x-one': 'eins' } })).toMatchObject({
        method: 'GET',
        url: `http://${host}/show/x%20y?q=1&q=2`,
        query: streams ? '1' : '1,2',
        header: 'eins',
        hasBody: false,
        invocationId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        functionName: 'show',
        trigger: 'httpTrigger',
      });
    });

    it('with an encoded slash encoded twice', async () => {
      expect((await json('/show/a%2Fb'))['url']).toMatch(/\/show\/a%252Fb$/);
    });

    it('with params that hold query values only when streaming, where the route wins', async () => {
      const { params } = await json('/show/route?one=query&other=1');
      expect(params).toEqual(streams ? { one: 'route', other: '1' } : { one: 'route' });
    });

    it('with its body: sized, chunked (when streaming), of a DELETE, empty, compressed as it is', async () => {
      const post = { method: 'POST', headers: { 'content-type': 'text/x' } };
      const sized = await ask('/echo', { ...post, body: 'whole' });
      expect([sized.status, sized.headers.get('content-type'), await sized.text()]).toEqual([
        201,
        'text/x',
        'whole',
      ]);
      const chunked = { ...post, body: streamOf(['in ', 'chunks']), duplex: 'half' } as RequestInit;
      expect(await answer('/echo', chunked)).toEqual([201, streams ? 'in chunks' : '']);
      expect(await answer('/echo', { method: 'DELETE', body: 'gone' })).toEqual([201, 'gone']);
      const coded = { ...post, headers: { 'content-encoding': 'gzip' }, body: 'not gzip' };
      expect(await answer('/echo', coded)).toEqual([201, 'not gzip']);
      if (streams) expect((await json('/show', { method: 'POST' }))['hasBody']).toBe(true);
    });
  });

  describe('gives an answer back', () => {
    it('with status, headers and cookies', async () => {
      const response = await ask('/given');
      expect([response.status, await response.text()]).toEqual([202, 'made']);
      expect(response.headers.get('x-own')).toBe('1');
      expect(response.headers.get('content-length')).toBe('4');
      expect(response.headers.get('x-custom')).toBe('of host.json');
      const [bare = '', cookie = '', other = ''] = response.headers
        .getSetCookie()
        .map((text) => text.toLowerCase());
      for (const part of ['c=v%20w', 'httponly', 'samesite=strict', 'max-age=60'])
        expect(cookie).toContain(part);
      for (const part of ['httponly', 'samesite=strict', 'max-age']) expect(other).not.toContain(part);
      for (const part of [
        'd=2',
        'secure',
        'samesite=none',
        'domain=a.example',
        'path=/p',
        'expires=fri, 02 jan 1970',
      ])
        expect(other).toContain(part);
      expect(cookie).not.toContain('secure');
      expect(bare).toMatch(/^e=(?:; path=\/)?$/);
      expect(cookie.includes('path=/')).toBe(!streams);
    });

    it('as JSON text that is exactly the quoted string, and with headers of one name joined', async () => {
      expect(await answer('/jsonString')).toEqual([200, '"text"']);
      expect((await ask('/twoHeaders')).headers.get('x-two')).toBe('a, b');
    });

    it('that is streamed', async () => {
      expect(await answer('/chunks?n=300')).toEqual([200, 'a'.repeat(300 * 1024)]);
    });

    it('before a body that it does not touch', async () => {
      const body = Buffer.alloc(2 << 20);
      expect(await answer('/untouched', { method: 'POST', body })).toEqual([413, 'too much']);
    });

    it.skipIf(streams)('of 204 for nothing and an empty 500 for a throw (hangs when streaming)', async () => {
      expect(await answer('/nothing')).toEqual([204, emptyBody]);
      expect(await answer('/throws')).toEqual([500, emptyBody]);
    });
  });

  describe('routes', () => {
    const routes: [string, string, string | null, object?][] = [
      ['the first name in the alphabet wins', '/products/list', 'aDetails', { id: 'list' }],
      ['literals ignore case', '/PRODUCTS/X', 'aDetails', { id: 'X' }],
      ['one slash at the end is ignored', '/products/1/', 'aDetails', { id: '1' }],
      ['two slashes at the end are none', '/products/1//', null],
      ['two slashes in the middle are none', '/products//1', null],
      ['an empty first segment is none', '//products/1', null],
      ['an encoded literal is decoded', '/product%73/1', 'aDetails', { id: '1' }],
      ['parameters are decoded', '/products/a%20%C3%A9', 'aDetails', { id: 'a é' }],
      ['a constraint holds', '/constrained/12', 'constrained', { id: '12' }],
      ['a constraint does not hold', '/constrained/x', null],
      ['a GUID without dashes', `/guids/${'0a'.repeat(16)}`, 'guids', { id: '0a'.repeat(16) }],
      ['a default', '/defaulted', 'defaulted', { p: '9' }],
      ['a mixed segment, from the right', '/mixed/a.b.c', 'mixed', { name: 'a.b', ext: 'c' }],
      ['a mixed segment without its end', '/mixed/a', 'mixed', { name: 'a' }],
      ['a catch-all keeps its slashes', '/everything/a//b/', 'everything', { rest: 'a//b/' }],
      ['no route is the name', '/noRoute', 'noRoute', {}],
      ['a reserved route is left out', '/admin/mine', null],
      ['a reserved name is left out', '/runtimeNamed', null],
      ['a function that is disabled', '/disabled', null],
      ['nothing there', '/nowhere', null],
    ];
    it.each(routes)('%s', async (_, path, name, params) => {
      const [status, text] = await answer(path);
      if (name === null) expect([status, text]).toEqual([404, emptyBody]);
      else expect({ status, ...(JSON.parse(text) as object) }).toEqual({ status: 200, name, params });
    });

    it('of one text once, and apart by method', async () => {
      expect((await json('/twin/1'))['name']).toBe('twinA');
      expect((await answer('/twin/1', { method: 'PUT' }))[0]).toBe(404);
    });

    it('with dot segments removed first', async () => {
      expect(await raw('GET /nowhere/../products/./1')).toBe(200);
      expect(await raw('GET /nowhere/%2e%2e/products/1')).toBe(200);
    });

    it('a wrong method to 404, HEAD and OPTIONS too unless they are listed', async () => {
      expect(await answer('/echo')).toEqual([404, emptyBody]);
      expect(await answer('/show', { method: 'HEAD' })).toEqual([404, emptyBody]);
      expect(await answer('/show', { method: 'OPTIONS' })).toEqual([404, emptyBody]);
      const head = await ask('/headed', { method: 'HEAD' });
      expect([head.status, head.headers.get('x-head'), head.headers.get('content-length')]).toEqual([
        200,
        'yes',
        '5',
      ]);
      expect(await raw('BREW /show')).toBe(404);
      expect(await raw('get /show')).toBe(404);
    });

    it('what nobody takes to the catch-all, / included, which is 204 when nobody takes it', async () => {
      expect(await answer('/')).toEqual([204, emptyBody]);
      for (const path of ['/', '/show', '/no/where', '/admin/unknown'])
        expect((await json(path, { method: 'PATCH' }))['name']).toBe('zzFallback');
    });
  });

  it('keeps its limits', async () => {
    expect(await raw('GET /show/%00')).toBe(400);
    expect(await raw(`GET /show/${'x'.repeat(9_000)}`)).toBe(414);
    expect((await ask('/show', { headers: { long: 'x'.repeat(40_000) } })).status).toBe(431);
    expect(await answer('/untouched', { method: 'POST', body: Buffer.alloc(5 << 20) })).toEqual([500, '']);
    expect((await answer('/show'))[0]).toBe(200);
  });

  it('answers preflights and names the origins of local.settings.json', async () => {
    const headers = { origin: 'http://a.example', 'access-control-request-method': 'GET' };
    const preflight = await ask('/show', { method: 'OPTIONS', headers });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'http://a.example',
    ]);
    const other = await ask('/show', { headers: { origin: 'http://b.example' } });
    expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([200, null]);
  });

  describe('keeps the contract of @azure/functions-core', () => {
    it('of registration and set-up', async () => {
      expect(await json('/contract')).toMatchObject({
        hostVersion: expect.stringMatching(/^4\./) as string,
        model: '@azure/functions',
        doubled: { isSystem: true, message: expect.stringContaining('already been registered') as string },
        late: { isSystem: true, message: expect.stringContaining('during app startup') as string },
        setup: { isSystem: true },
        unknownHook: { isSystem: true, name: 'RangeError' },
        setting: '* * * * * *',
        zone: '2026-07-01T00:00:00.000Z',
      });
      expect(await answer('/doubled')).toEqual([200, 'first']);
    });

    it('of hooks that replace inputs, handler, result and error', async () => {
      expect(await answer('/hooked')).toEqual([200, 'function replaced twice replaced after']);
      expect(await answer('/mended')).toEqual([200, 'mended']);
      if (!streams) expect(await answer('/broken')).toEqual([500, emptyBody]);
      const { readOnly, mended, started, unused } = await json('/seen');
      expect({ mended, started, unused }).toEqual({ mended: ['hidden', null], started: 'yes' });
      expect(readOnly).toMatchObject({
        ofHost: expect.stringContaining('read only') as string,
        hookData: expect.stringContaining('read only') as string,
        invocationContext: expect.stringContaining('read only') as string,
      });
    });

    it('of logs with their levels, through the log hook', async () => {
      expect(await answer('/logs')).toEqual([200, 'logged']);
      const { logs, readOnly } = await json('/seen');
      expect(logs).toEqual(
        expect.arrayContaining([
          ['trace', 'my *** trace', 'logs'],
          ['debug', 'my *** debug', 'logs'],
          ['information', 'my *** info', 'logs'],
          ['warning', 'my *** warn', 'logs'],
          ['error', 'my *** error', 'logs'],
        ]),
      );
      expect(readOnly).toMatchObject({ category: expect.stringContaining('read only') as string });
    });

    it.skipIf(streams)('of retries', async () => {
      expect(await json('/retried')).toMatchObject({
        attempts: 3,
        retry: {
          retryCount: 2,
          maxRetryCount: 2,
          exception: { message: expect.stringContaining('2') as string },
        },
      });
    });
  });

  it('answers its admin API, and nothing beside it without a key', async () => {
    expect(await json('/admin/host/status')).toMatchObject({ state: 'Running' });
    expect((await ask('/admin/host/ping', { method: 'POST' })).status).toBe(200);
    const list = (await (await ask('/admin/functions')).json()) as { name: string }[];
    expect(list.map(({ name }) => name)).toEqual(expect.arrayContaining(['show', 'often', 'byHand']));
    expect(await answer('/admin')).toEqual([401, emptyBody]);
    expect(await answer('/runtime/webhooks/x')).toEqual([401, emptyBody]);
  });

  it('runs a timer by hand', async () => {
    const post = async (name: string, body: string, type = 'application/json'): Promise<number> =>
      (
        await answer(`/admin/functions/${name}`, { method: 'POST', body, headers: { 'content-type': type } })
      )[0];
    expect(await post('byHand', '{"input":null}')).toBe(202);
    expect(await post('BYHAND', '{"input":"text"}')).toBe(202);
    expect(await post('byHand', '{"input":1}')).toBe(202);
    expect(await post('show', '{"input":""}')).toBe(202);
    expect(await post('unknown', '{"input":null}')).toBe(404);
    expect(await post('byHand', '{"input":null}', 'text/plain')).toBe(415);
    expect(await post('byHand', '{"input":{}}')).toBe(400);
    const [timer] = await until(async () => ((await json('/runs'))['byHand'] as object[]).slice(0, 1));
    expect(timer).toMatchObject({ isPastDue: false, schedule: { adjustForDST: true } });
  });

  it('runs timers on time, one run after the other', async () => {
    const runs = await until(async () => {
      const { often } = (await json('/runs')) as { often: { running: number; timer: object }[] };
      return often.length >= 3 ? often : [];
    });
    expect(runs.map((one) => one.running)).toEqual(runs.map(() => 1));
    expect(runs[0]?.timer).toMatchObject({ isPastDue: false, scheduleStatus: null });
  });
});

async function startEmbedded(streams: boolean): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'conformance-')));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(import.meta.dirname, 'conformance-app'), folder, { recursive: true });
  cpSync(join(folder, 'settings.sample.json'), join(folder, 'local.settings.json'));
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const azurite = await startAzurite();
  atEnd(() => azurite.stop());
  const env = { AzureWebJobsStorage: azurite.connectionString, CONFORMANCE_STREAMS: String(streams) };
  return (await run(folder, { env })).url;
}

function streamOf(parts: readonly string[]): ReadableStream {
  return ReadableStream.from(parts.map((part) => Buffer.from(part))) as ReadableStream;
}

/** Asks until something is there. */
async function until<Item>(look: () => Promise<readonly Item[]>): Promise<readonly Item[]> {
  for (;;) {
    const found = await look();
    if (found.length > 0) return found;
    await pause(50);
  }
}
