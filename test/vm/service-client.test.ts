/** Calls to the service: repeated through every passing trouble, ended by an answer, a signal or a long silence. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { makeServiceClient, type ServiceClientOptions } from '../../shared/vm/service-client.ts';

const vmId = 'a'.repeat(32);
const nonce = 'b'.repeat(32);
const never = new AbortController().signal;
let servers: Server[] = [];
afterEach(async () => {
  for (const server of servers) server.closeAllConnections();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  servers = [];
});

/** Handlers answer one call each; the last one all that follow. */
async function client(
  handlers: ((request: IncomingMessage, response: ServerResponse) => void)[],
  options: Partial<ServiceClientOptions> = {},
) {
  const requests: { url: string; body: string; authorization: string }[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    requests.push({ url: request.url ?? '', body, authorization: request.headers.authorization ?? '' });
    handlers[Math.min(requests.length, handlers.length) - 1]?.(request, response);
  };
  const server = createServer((request, response) => void take(request, response));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  const lines: string[] = [];
  const url = `http://127.0.0.1:${address.port}`;
  const log = (event: string, fields?: object) => lines.push(JSON.stringify({ event, ...fields }));
  return {
    requests,
    lines,
    client: makeServiceClient({ vmId, url, token: 'the-token', nonce, log, ...options }),
  };
}

function json(reply: object, status = 200) {
  return (_: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
}

test('says who it is, and gives the answer', async () => {
  const { requests, client: one } = await client([json({ kind: 'welcome' })]);
  expect(await one.hello(never)).toEqual({ kind: 'welcome' });
  expect(requests).toEqual([
    { url: `/vm/${vmId}/hello`, body: JSON.stringify({ nonce }), authorization: 'Bearer the-token' },
  ]);
});

test.each([
  ['a broken connection', (_: IncomingMessage, response: ServerResponse) => void response.destroy()],
  ['500', json({}, 500)],
  ['503', json({}, 503)],
  ['429', json({}, 429)],
  ['408', json({}, 408)],
  ['a page instead of JSON', (_: IncomingMessage, response: ServerResponse) => void response.end('<html>')],
  ['JSON without a kind', json({ error: {} })],
  ['no answer', () => undefined, 300],
])(
  '%s: the same call again, and a line when it goes wrong and when it is well',
  async (_, trouble, callMs = 10_000) => {
    const {
      requests,
      lines,
      client: one,
    } = await client([trouble, trouble, json({ kind: 'wait', pauseMs: 0 })], {
      callMs,
    });
    const reply = await one.finish({ jobId: 'j', attempt: 3 }, { kind: 'finished', rows: 1 }, never);
    expect(reply).toEqual({ kind: 'wait', pauseMs: 0 });
    expect(new Set(requests.map((request) => request.body)).size).toBe(1);
    expect(requests).toHaveLength(3);
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      nonce,
      jobId: 'j',
      attempt: 3,
      outcome: { kind: 'finished', rows: 1 },
    });
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
      'vm.service-does-not-answer',
      'vm.service-is-back',
    ]);
    expect(lines.join('')).not.toContain('the-token');
  },
);

test.each([401, 403, 404, 302, 400])('%i is final, and leads nowhere else', async (status) => {
  const answer = (_: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(status, { location: '/elsewhere' }).end(JSON.stringify({ kind: 'work' }));
  const { requests, client: one } = await client([answer]);
  const why = `the service answered next with ${status}`;
  expect(await one.next(never)).toEqual({ kind: 'stop', why });
  expect(await one.beat()).toEqual({ kind: 'stop', why: `the service answered beat with ${status}` });
  expect(requests).toHaveLength(2);
});

test('a beat is tried once', async () => {
  const { requests, client: one } = await client([json({}, 503)]);
  expect(await one.beat({ jobId: 'j', attempt: 1, rowsDone: 7 })).toEqual({ kind: 'unheard' });
  expect(requests).toHaveLength(1);
  await one.bye();
  expect(requests).toHaveLength(2);
});

test('a service that stays away for long has given the VM up', async () => {
  const { client: one } = await client([json({}, 503)], { giveUpMs: 300 });
  expect(await one.next(never)).toEqual({
    kind: 'stop',
    why: 'the service did not answer next: it answered 503',
  });
});

test('its signal ends a held call and a pause alike', async () => {
  const held = await client([() => undefined]);
  const leaving = new AbortController();
  const next = held.client.next(leaving.signal);
  await expect.poll(() => held.requests.length, { timeout: 10_000 }).toBe(1);
  leaving.abort('it got SIGTERM');
  expect(await next).toEqual({ kind: 'stop', why: 'it got SIGTERM' });
});
