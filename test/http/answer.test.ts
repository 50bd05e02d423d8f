/** The wrapper around every HTTP function: it always answers, in time, with an envelope, and touches bodies with care. */
import { HttpRequest, type HttpResponseInit } from '@azure/functions';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { StoreFault, type App } from '../../shared/app/ports.ts';
import { takeModel } from '../../shared/app/take-model.ts';
import { badArgument, unauthorized } from '../../shared/core/refusal.ts';
import { doing, reading } from '../../shared/http/action.ts';
import { makeAnswer, type Definition } from '../../shared/http/answer.ts';
import { members } from '../../shared/http/members.ts';
import { empty, json } from '../../shared/http/reply.ts';
import { SettingsError } from '../../shared/settings.ts';
import { endpoint, makeWorld, type World } from '../app/world.ts';
import { detailOf, requestId, requestOf, send } from './calls.ts';

let world: World;
let app: App;
beforeEach(async () => {
  world = await makeWorld();
  ({ app } = world);
});
afterEach(() => {
  vi.useRealTimers();
});

const bytesMax = 1_000;
const schema = members({ text: z.string() });

function answerOf(on: Definition<string>['on'], more: Partial<Definition<string>> = {}) {
  const authorize: Definition<string>['authorize'] = async (_, call) =>
    call.bearer === 'good' ? { kind: 'known', who: 'me' } : unauthorized();
  return makeAnswer({ route: 'things/{id}', authorize, on, ...more }, { loadApp: async () => app });
}

const thing = { path: '/things/one', key: 'good' };
const echo = answerOf({ POST: reading({ schema, bytesMax }, async (_, { text }) => json(200, text)) });
const post = (body: unknown, headers: Record<string, string> = {}) =>
  send(echo, { ...thing, method: 'POST', body, headers });

test("a reply is JSON with its length, the request id and the client's own", async () => {
  const answer = answerOf({
    GET: doing(async ({ who, call }) => json(200, { who, id: call.params['id'], é: 1 })),
  });
  const got = await send(answer, { ...thing, headers: { 'x-ms-client-request-id': 'abc-1' } });
  expect(got.text).toBe('{"who":"me","id":"one","é":1}');
  expect(got.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(got.headers.get('x-ms-client-request-id')).toBe('abc-1');
});

test("a client's request id that is no plain text is not echoed", async () => {
  const answer = answerOf({ GET: doing(async () => empty(200)) });
  const got = await send(answer, { ...thing, headers: { 'x-ms-client-request-id': 'x'.repeat(200) } });
  expect(got.headers.get('x-ms-client-request-id')).toBeNull();
});

test('a reply to HEAD has no body and nobody waits for one', async () => {
  const answer = answerOf({ HEAD: doing(async () => json(200, { a: 1 })) });
  const got = await send(answer, { ...thing, method: 'HEAD' });
  expect(got.headers.get('content-length')).toBe('0');
});

test('204 has no length', async () => {
  const got = await send(answerOf({ DELETE: doing(async () => empty(204)) }), { ...thing, method: 'DELETE' });
  expect(got.headers.get('content-length')).toBeNull();
});

test('a JSON string is exactly that', async () => {
  expect((await post({ text: 'abc' })).text).toBe('"abc"');
});

test.each(['Bearer good', 'bearer  good ', 'BEARER good'])('the key of "%s"', async (authorization) => {
  const answer = answerOf({ GET: doing(async () => json(200, {})) });
  expect((await send(answer, { path: '/things/one', headers: { authorization } })).status).toBe(200);
});

test.each([
  ['nothing', ''],
  ['no scheme', 'good'],
  ['another scheme', 'Basic good'],
  ['no key', 'Bearer'],
  ['a wrong key', 'Bearer bad'],
  ['a very long key', `Bearer ${'x'.repeat(5_000)}`],
])('401 with an envelope for %s', async (_, authorization) => {
  const answer = answerOf({ GET: doing(async () => json(200, {})) });
  const got = await send(answer, { path: '/things/one', headers: { authorization } });
  expect(got.status).toBe(401);
  expect(detailOf(got)).toEqual({
    code: 'ScoreRequestUnauthorized',
    message: 'Invalid credentials provided.',
  });
  expect(got.headers.get('www-authenticate')).toBe('Bearer');
});

test('a parameter is what the path says, whatever the query and the body name alike', async () => {
  const answer = answerOf({ GET: doing(async ({ call }) => json(200, [call.params, call.query('ID')])) });
  const request = new HttpRequest({
    method: 'GET',
    url: 'http://127.0.0.1/things/on%20e/?id=two',
    params: { id: 'two', other: 'three' },
    headers: { authorization: 'Bearer good' },
  });
  expect((await send(answer, request)).text).toBe('[{"id":"on e"},"two"]');
});

test("a path that is not the route's is not found", async () => {
  const answer = answerOf({ GET: doing(async () => json(200, {})) });
  for (const path of ['/things', '/things/one/more', '/thongs/one', '/things//']) {
    expect((await send(answer, { ...thing, path })).status).toBe(404);
  }
});

test.each([
  ['', 'RequestIsEmpty', /no body/],
  [' \r\n', 'RequestIsEmpty', /no body/],
  ['null', 'RequestIsEmpty', /null/],
  ['{"text":', 'RequestBodyInvalid', /line 1, column 9/],
  ['[]', 'RequestBodyInvalid', /The request body must be a JSON object; it was a value of type array\./],
  ['"x"', 'RequestBodyInvalid', /must be a JSON object/],
  ['{}', 'RequestBodyInvalid', /text is missing: it must be a string\./],
  ['{"text":5}', 'RequestBodyInvalid', /text must be a string; it was 5\./],
  ['{"text":"x","tex":1}', 'RequestBodyInvalid', /unknown member "tex"\. Did you mean "text"\?/],
  ['{"text":"x","banana":1}', 'RequestBodyInvalid', /unknown member "banana"\. Known are text\./],
])('the body %j is a 400', async (body, code, message) => {
  const got = await post(body);
  expect(got.status).toBe(400);
  expect(detailOf(got).code).toBe(code);
  expect(detailOf(got).message).toMatch(message);
});

test('no body at all is a 400 too', async () => {
  const got = await send(echo, { ...thing, method: 'POST' });
  expect(detailOf(got).code).toBe('RequestIsEmpty');
});

test('a body that is not text is a 400', async () => {
  const request = new HttpRequest({
    method: 'POST',
    url: 'http://127.0.0.1/things/one',
    headers: { authorization: 'Bearer good' },
    body: { bytes: Uint8Array.of(0x1f, 0x8b, 0x08, 0xff) },
  });
  expect(detailOf(await send(echo, request)).message).toMatch(/not text in UTF-8/);
});

test.each(['text/json', 'application/json; charset=us-ascii', 'application/x-www-form-urlencoded', ''])(
  'content type "%s" is taken, and a Content-Encoding that names a charset',
  async (type) => {
    const got = await post({ text: 'é' }, { 'content-type': type, 'content-encoding': 'UTF-8' });
    expect(got.text).toBe('"é"');
  },
);

/** A chunked body of which we see how far it was read. */
function chunked(chunks: number, size: number) {
  let pulled = 0;
  const done = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (pulled === chunks) {
          done.resolve();
          return controller.close();
        }
        pulled += 1;
        controller.enqueue(new Uint8Array(size).fill(0x20));
      },
    },
    { highWaterMark: 0 },
  );
  const request = requestOf({ ...thing, method: 'POST' });
  Object.defineProperty(request, 'body', { get: () => body });
  return { request, done: done.promise, pulled: () => pulled };
}

test('a body that grows over the limit is a 413 at once, and is read to its end all the same', async () => {
  const { request, done, pulled } = chunked(50, 100);
  const got = await send(echo, request);
  expect(got.status).toBe(413);
  expect(detailOf(got).message).toContain('1000 bytes');
  await done;
  expect(pulled()).toBe(50);
});

test('a chunked body within the limit is read', async () => {
  const { request } = chunked(10, 100);
  expect(detailOf(await send(echo, request)).code).toBe('RequestIsEmpty');
});

test('a body is not touched when its length says that it is too long, or the key is wrong', async () => {
  const long = chunked(5, 10);
  long.request.headers.set('content-length', '1001');
  expect((await send(echo, long.request)).status).toBe(413);
  const foreign = chunked(5, 10);
  foreign.request.headers.set('authorization', 'Bearer bad');
  expect((await send(echo, foreign.request)).status).toBe(401);
  expect([long.pulled(), foreign.pulled()]).toEqual([0, 0]);
});

test('a check refuses before the body is touched', async () => {
  const { request, pulled } = chunked(5, 10);
  const answer = answerOf({
    POST: reading(
      { schema, bytesMax },
      async () => empty(200),
      () => badArgument('BadVersionCall', 'Call with 2.0 instead.'),
    ),
  });
  expect(detailOf(await send(answer, request)).code).toBe('BadVersionCall');
  expect(pulled()).toBe(0);
});

test('a body that breaks off is a 400', async () => {
  const request = requestOf({ ...thing, method: 'POST' });
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });
  Object.defineProperty(request, 'body', { get: () => body });
  expect(detailOf(await send(echo, request)).message).toMatch(/broke off/);
});

test('storage that cannot be had is a 503 with Retry-After', async () => {
  const on = { GET: doing<string>(async () => Promise.reject(new StoreFault('timeout', 'secret detail'))) };
  const got = await send(answerOf(on), thing);
  expect([got.status, got.headers.get('retry-after')]).toEqual([503, '5']);
  expect(got.text).not.toContain('secret detail');
  expect(got.log.join()).toContain('storage-fault');
});

test('a row that what was asked does not fit into is a 413', async () => {
  const written = app.store.commit([
    {
      do: 'create',
      kind: 'spec',
      row: { jobId: 'a'.repeat(32), sealed: new Uint8Array(262_145) },
    },
  ]);
  const on = { GET: doing<string>(() => written.then(() => empty(204))) };
  const got = await send(answerOf(on), thing);
  expect(got.status).toBe(413);
  expect(detailOf(got)).toMatchObject({
    code: 'RequestBodyTooLarge',
    message: expect.stringMatching(/shorten/),
  });
});

test('a reply that is polled never has a Retry-After', async () => {
  const on = { GET: doing<string>(async () => Promise.reject(new StoreFault('busy', 'x'))) };
  const got = await send(answerOf(on, { retryAdvice: 'silent' }), thing);
  expect([got.status, got.headers.get('retry-after')]).toEqual([503, null]);
});

test('a bug is a 500 that names the request, and a log line without secrets', async () => {
  const secret = 'QUJD'.repeat(21) + 'QQ==';
  const message = `GET https://a.blob.core.windows.net/c/x?sv=1&sig=CanarySignature%3D Bearer ${secret} AccountKey=${secret};`;
  const on = { GET: doing<string>(async () => Promise.reject(new Error(message))) };
  const got = await send(answerOf(on), thing);
  expect(got.status).toBe(500);
  expect(detailOf(got).message).toContain(requestId);
  expect(got.text).not.toContain('blob.core');
  const [line = ''] = got.log;
  expect(JSON.parse(line)).toMatchObject({ event: 'request-failed', requestId, route: 'things/{id}' });
  expect(line).not.toMatch(/CanarySignature|QUJDQUJD/);
});

test('something thrown that is no error is a 500 too', async () => {
  const on = { GET: doing<string>(() => Promise.reject('a text')) };
  expect((await send(answerOf(on), thing)).status).toBe(500);
});

test('a bad setting is a 503 with its sentence, before any key is looked at', async () => {
  const loadApp = () => Promise.reject(new SettingsError('X', 'MILLPOND_MASTER_SECRET is missing: set it.'));
  const answer = makeAnswer(
    {
      route: 'things/{id}',
      authorize: async () => unauthorized(),
      on: { GET: doing(async () => empty(200)) },
    },
    { loadApp },
  );
  const got = await send(answer, { path: '/things/one' });
  expect(got.status).toBe(503);
  expect(detailOf(got)).toEqual({
    code: 'SettingsInvalid',
    message: 'MILLPOND_MASTER_SECRET is missing: set it.',
  });
});

test('a request that takes too long is a 503, and begins no write afterwards', async () => {
  vi.useFakeTimers();
  const go = Promise.withResolvers<void>();
  const after = Promise.withResolvers<unknown>();
  const on = {
    GET: doing<string>(async (ask) => {
      await go.promise;
      try {
        await ask.app.store.commit([{ do: 'remove', kind: 'live', key: { tag: '0'.repeat(12) } }]);
        after.resolve('written');
      } catch (error) {
        after.resolve(error);
      }
      return empty(200);
    }),
  };
  const answer = makeAnswer(
    { route: 'things/{id}', authorize: async () => ({ kind: 'known', who: 'me' }), on },
    { loadApp: async () => app, requestMsMax: 5_000 },
  );
  const got = send(answer, { path: '/things/one' });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(detailOf(await got)).toMatchObject({
    code: 'RequestTimedOut',
    message: expect.stringContaining('5 s'),
  });
  go.resolve();
  expect(await after.promise).toMatchObject({ name: 'StoreFault', code: 'timeout' });
});

test('a model whose turn comes, or whose bytes are there, after the deadline is neither checked nor kept', async () => {
  vi.useFakeTimers();
  const model = { endpoint, container: 'models', name: 'adult.onnx' };
  const uri = `${endpoint}/models/adult.onnx`;
  const wish = { uri, credentials: world.blobs.sas(model, 'r', 4_000_000_000_000), path: 'x' };
  const turn = Promise.withResolvers<void>();
  const bytes = Promise.withResolvers<void>();
  const check = Promise.withResolvers<void>();
  const did: string[] = [];
  const watched = (n: number): App => ({
    ...app,
    modelTurns: async (run) => {
      if (n === 0) await turn.promise;
      return app.modelTurns(run);
    },
    callerBlobs: {
      ...app.callerBlobs,
      fetch: async (...what) => {
        did.push(`fetch ${n}`);
        if (n === 1) await bytes.promise;
        return app.callerBlobs.fetch(...what);
      },
    },
    checkModel: async (model) => {
      did.push(`check ${n}`);
      await check.promise;
      return app.checkModel(model);
    },
    blobs: { ...app.blobs, put: async () => void did.push(`put ${n}`) },
  });
  const ends: Promise<unknown>[] = [];
  const got = [0, 1, 2].map((n) => {
    const run = doing<string>(async (ask) => {
      const end = takeModel(ask.app, wish);
      ends[n] = end.catch((error: unknown) => error);
      await end;
      return empty(200);
    });
    const answer = makeAnswer(
      { route: 'things/{id}', authorize: async () => ({ kind: 'known', who: 'me' }), on: { GET: run } },
      { loadApp: async () => watched(n), requestMsMax: 5_000 },
    );
    return send(answer, { path: '/things/one' });
  });
  await vi.advanceTimersByTimeAsync(5_000);
  expect((await Promise.all(got)).map(({ status }) => status)).toEqual([503, 503, 503]);
  for (const { resolve } of [turn, bytes, check]) resolve();
  for (const end of ends) expect(await end).toMatchObject({ name: 'StoreFault', code: 'timeout' });
  expect(did.toSorted((a, b) => a.localeCompare(b))).toEqual(['check 2', 'fetch 1', 'fetch 2']);
});

test('nothing that a handler does makes the wrapper throw', async () => {
  const answer = answerOf({ GET: doing(async () => json(200, { big: 1n })) });
  const got = (await answer(requestOf(thing), {
    invocationId: requestId,
    error: () => undefined,
  } as never)) as HttpResponseInit;
  expect(got.status).toBe(500);
});
