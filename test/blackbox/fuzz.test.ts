/**
 * The same kinds of requests as in process, over real connections to a running instance, with paths and headers as raw
 * as they come.
 */
import { request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeBodyJudge, type BodyJudge } from '../http/body-judge.ts';
import type { Wish } from '../http/calls.ts';
import { makeRequests, type Aim } from '../http/fuzz-requests.ts';
import {
  jobBody,
  makePool,
  makeTenant,
  operatorKey,
  startInstance,
  type Instance,
  type Tenant,
} from './instance.ts';

const fuzzMs = Number(process.env['MILLPOND_FUZZ_S'] ?? 10) * 1_000;
const seed = Number(process.env['MILLPOND_FUZZ_SEED'] ?? Date.now() % 1_000_000_007);
const hangMs = 5_000;
/** What a Functions host answers itself, empty (functions-host.md, section 3). */
const ofTheHost = new Set([400, 401, 404, 414, 431]);

let instance: Instance;
let tenant: Tenant;
let poolId: string;
let judge: BodyJudge;

beforeAll(async () => {
  process.stdout.write(`fuzz seed ${seed} (MILLPOND_FUZZ_SEED=${seed} repeats it)\n`);
  instance = await startInstance();
  tenant = await makeTenant(instance, 'ad'.repeat(16));
  poolId = await makePool(instance, tenant, 1);
  judge = makeBodyJudge((await (await fetch(`${instance.url}/openapi.json`)).json()) as object);
});
afterAll(() => instance.stop());

/** What leaves the tenant as it is. */
function aims(): Aim[] {
  const { accountKey: account, serviceKey: service, servicePath, pools, planPath } = tenant;
  const jobs = `${servicePath}/jobs?api-version=2.0`;
  const job = `${servicePath}/jobs/${'0'.repeat(32)}`;
  const all: [string, string, string, unknown?][] = [
    ['POST', jobs, service, jobBody(instance, poolId, 'a.csv', 'b.csv')],
    ['GET', `${job}?api-version=2.0`, service],
    ['POST', `${job}/start?api-version=2.0`, service],
    ['DELETE', job, service],
    ['POST', `${servicePath}/uploads`, service, { name: 'a.csv' }],
    ['GET', `${servicePath}/swagger.json`, service],
    ['GET', pools, account],
    ['POST', pools, account, { vmCount: 100, swaggerUrl: tenant.swaggerUrl }],
    ['GET', `${pools}/${poolId}`, account],
    ['POST', `${pools}/${poolId}/resize`, account, { vmCount: 1 }],
    ['GET', `${pools}/${poolId}/vms`, account],
    ['GET', `${pools}/${poolId}/jobs`, account],
    ['GET', `${pools}/${poolId}/usage`, account],
    ['GET', `${planPath}/bill`, account],
    ['PATCH', planPath, account, { tags: { a: 'b' } }],
    ['GET', '/operator/accounts', operatorKey],
    ['PUT', `/operator/accounts/${'e'.repeat(32)}`, operatorKey, { maxPools: 0, maxVmsPerPool: 0 }],
    ['POST', `/vm/${'1'.repeat(32)}/hello`, account, { nonce: '2'.repeat(32) }],
    ['GET', '/health', ''],
    ['GET', '/openapi.json', ''],
    ['GET', '/nothing/here', ''],
  ];
  return all.map(([method, path, key, body]) => {
    const schema = judge.schemaOf(method, path);
    return { method, path, key, body, ...(schema === undefined ? {} : { schema }) };
  });
}

test('every request is answered, in time, and never with a 500', { timeout: fuzzMs + 60_000 }, async () => {
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(makeRequests(aims(), judge.schemas), async (wish) => {
      const { status, text } = await send(wish);
      seen.set(status, (seen.get(status) ?? 0) + 1);
      expect(status, text).not.toBe(500);
      if (status < 400 || wish.method === 'HEAD') return;
      if (text === '') expect(ofTheHost, `${status}, empty`).toContain(status);
      else
        expect(Object.keys(JSON.parse(text) as object)).toEqual([expect.stringMatching(/^(error|status)$/)]);
    }),
    {
      seed,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: fuzzMs,
      markInterruptAsFailure: false,
    },
  );
  process.stdout.write(`fuzz: ${JSON.stringify(Object.fromEntries(seen))}\n`);
  for (const status of [200, 400, 401, 404]) expect(seen.get(status), `${status}`).toBeGreaterThan(0);
  const health = await instance.call('GET', '/health', undefined);
  expect(health.status).toBe(200);
  expect(instance.log.filter((line) => /request-failed|Uncaught|critical/i.test(line))).toEqual([]);
});

function send(wish: Wish): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(instance.url);
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const body =
    wish.body === undefined || typeof wish.body === 'string' ? wish.body : JSON.stringify(wish.body);
  const one = request({
    hostname,
    port,
    method: wish.method ?? 'GET',
    path: wish.path ?? '/',
    headers: { ...(wish.key ? { authorization: `Bearer ${wish.key}` } : {}), ...sendable(wish.headers) },
    signal: AbortSignal.timeout(hangMs),
  });
  one.on('response', (reply) => {
    let text = '';
    reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
    reply.on('error', reject);
  });
  one.on('error', reject);
  one.end(body?.toWellFormed());
  return promise;
}

/** A length that is not the body's makes a request that never ends: that is the client's waiting, not ours. */
function sendable(headers: Wish['headers'] = {}): Record<string, string> {
  const framing = ['content-length', 'transfer-encoding'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !framing.includes(name)));
}
