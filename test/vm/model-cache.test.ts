/** The model is checked before it is opened, kept for the next job, and closed for another one. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine } from '../../shared/scoring/engine.ts';
import { makeModelCache } from '../../shared/vm/model-cache.ts';

let server: Server;
let url: string;
let served: string[];
beforeEach(async () => {
  served = [];
  server = createServer((request, response) => {
    const text = (request.url ?? '').slice(1);
    served.push(text);
    if (text === 'missing') response.writeHead(404, { 'x-ms-error-code': 'BlobNotFound' }).end();
    else response.end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  url = `http://127.0.0.1:${address.port}/`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function modelOf(text: string) {
  return { url: url + text, sha256: createHash('sha256').update(text).digest('hex'), bytes: text.length };
}

/** Engines that only tell when they are opened and closed. */
function recorded() {
  const events: string[] = [];
  const cache = makeModelCache({
    openEngine: async (options) => {
      const text = 'modelBytes' in options ? Buffer.from(options.modelBytes).toString() : '';
      if (text === 'broken') throw new Error('broken');
      events.push(`open ${text}`);
      return { close: async () => void events.push(`close ${text}`) } as Engine;
    },
    workers: 1,
    patience: { callMs: 2_000, stageMs: 2_000, silenceMs: 500, giveUpMs: 500, openHosts: ['127.0.0.1'] },
  });
  return { events, cache };
}
const never = new AbortController().signal;

test('one model over many jobs is fetched and opened once; another one closes it first', async () => {
  const { events, cache } = recorded();
  const first = await cache.open(modelOf('one'), never);
  expect(await cache.open(modelOf('one'), never)).toBe(first);
  await cache.open(modelOf('two'), never);
  await cache.close();
  expect(events).toEqual(['open one', 'close one', 'open two', 'close two']);
  expect(served).toEqual(['one', 'two']);
});

test.each([
  ['other bytes', (model: ReturnType<typeof modelOf>) => ({ ...model, sha256: '0'.repeat(64) })],
  ['fewer bytes', (model: ReturnType<typeof modelOf>) => ({ ...model, bytes: 2 })],
])('%s than the service was made with are not opened', async (_, changed) => {
  const { events, cache } = recorded();
  await expect(cache.open(changed(modelOf('model')), never)).rejects.toMatchObject({
    code: 'ModuleExecutionError',
    message: 'The model of the web service is not the file that the service was made with.',
  });
  expect(events).toEqual([]);
});

test('a model that is gone, or cannot be opened, leaves room for the next', async () => {
  const { events, cache } = recorded();
  await expect(cache.open(modelOf('missing'), never)).rejects.toThrow(
    'the storage answered 404 BlobNotFound',
  );
  await expect(cache.open(modelOf('broken'), never)).rejects.toThrow('broken');
  await cache.open(modelOf('good'), never);
  expect(events).toEqual(['open good']);
});

test('after a discard the next job opens it anew', async () => {
  const { events, cache } = recorded();
  await cache.open(modelOf('one'), never);
  await cache.discard();
  await cache.open(modelOf('one'), never);
  expect(events).toEqual(['open one', 'close one', 'open one']);
});

test('a close waits for a model that is being opened', async () => {
  const { promise: opened, resolve } = Promise.withResolvers<Engine>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const events: string[] = [];
  const cache = makeModelCache({
    openEngine: () => {
      begin();
      return opened;
    },
    workers: 1,
    patience: { callMs: 2_000, stageMs: 2_000, silenceMs: 500, giveUpMs: 500, openHosts: ['127.0.0.1'] },
  });
  const opening = cache.open(modelOf('one'), never);
  await begun;
  const closed = cache.close().then(() => events.push('closed'));
  await setImmediate();
  expect(events).toEqual([]);
  resolve({ close: async () => void events.push('close one') } as Engine);
  await Promise.all([opening, closed]);
  expect(events).toEqual(['close one', 'closed']);
});
