/** The demo's client gives the service's own words, in sentences, whatever comes back. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createApi, type Api } from '../../shared/cli/api-client.ts';

let server: Server;
let api: Api;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  server = createServer((request, response) => answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  api = createApi(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const call = { method: 'POST', path: '/pools', key: 'canary-key' } as const;
const reply = (status: number, body: string) => {
  answer = (_, response) => void response.writeHead(status).end(body);
};

test('asks with the key and a JSON body, and gives what comes back', async () => {
  answer = (request, response) => {
    const { method, url } = request;
    const { authorization } = request.headers;
    void request.toArray().then((parts: Buffer[]) => {
      const body: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
      response.end(JSON.stringify({ method, url, authorization, body }));
    });
  };
  expect(await api.call({ ...call, body: { vmCount: 2 } })).toEqual({
    method: 'POST',
    url: '/pools',
    authorization: 'Bearer canary-key',
    body: { vmCount: 2 },
  });
});

test('an envelope is its message and its detail; the key is not in it', async () => {
  reply(
    409,
    JSON.stringify({
      error: {
        code: 'Conflict',
        message: 'It is so.',
        details: [{ code: 'PoolDeleting', message: 'Make another.' }],
      },
    }),
  );
  const error = await api.call(call).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    status: 409,
    code: 'PoolDeleting',
    message: 'POST /pools: 409 PoolDeleting: It is so. Make another.',
  });
});

test.each([
  [500, '', /500 .*no body/],
  [502, '<html>Bad gateway</html>', /502 .*Bad gateway/],
  [404, '{"error":{}}', /404/],
])('%i %s', async (status, body, sentence) => {
  reply(status, body);
  await expect(api.call(call)).rejects.toThrow(sentence);
});

test('an absence that is expected is no error', async () => {
  reply(404, '{}');
  expect(await api.call({ ...call, absent: [404] })).toBeUndefined();
});

test('another shape than expected names the place', async () => {
  reply(200, '{"pool":{"id":7}}');
  const shape = z.object({ pool: z.object({ id: z.string() }) });
  await expect(api.ask(call, shape)).rejects.toThrow(/POST \/pools was answered.*pool\.id/);
});

test('nobody there', async () => {
  server.close();
  await once(server, 'close');
  await expect(api.call(call)).rejects.toThrow(/POST \/pools on http:\S+: .*ECONNREFUSED/);
});
