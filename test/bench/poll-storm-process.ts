/** The callers that poll without pause: so many a second, whatever the answers do, each on a connection of its own. */
import { Agent, get } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from './measures.ts';

export type StormOrder = {
  readonly url: string;
  readonly key: string;
  readonly perSecond: number;
  readonly seconds: number;
};

export type StormReport = {
  readonly answered: number;
  readonly failed: number;
  readonly medianMs: number;
  readonly p99Ms: number;
};

const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });

process.once('message', (order: StormOrder) => {
  void storm(order).then((report) => process.send?.(report, undefined, {}, () => process.disconnect()));
});

async function storm({ url, key, perSecond, seconds }: StormOrder): Promise<StormReport> {
  const beganMs = performance.now();
  const all: Promise<number | undefined>[] = [];
  for (let n = 0; n < perSecond * seconds; n++) {
    const dueMs = beganMs + (n * 1_000) / perSecond;
    if (dueMs > performance.now()) await pause(dueMs - performance.now());
    all.push(poll(url, key));
  }
  const times = (await Promise.all(all)).filter((ms) => ms !== undefined);
  return {
    answered: times.length,
    failed: all.length - times.length,
    medianMs: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
  };
}

/** How long it took; undefined when it failed. */
function poll(url: string, key: string): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const beganMs = performance.now();
  const request = get(
    url,
    { agent, headers: { authorization: `Bearer ${key}` }, timeout: 30_000 },
    (reply) => {
      reply.resume();
      reply.on('end', () => resolve(reply.statusCode === 200 ? performance.now() - beganMs : undefined));
      reply.on('error', () => resolve(undefined));
    },
  );
  request.on('error', () => resolve(undefined));
  request.on('timeout', () => request.destroy());
  return promise;
}
