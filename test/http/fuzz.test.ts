/**
 * Requests of all kinds for every route: valid, nearly valid and hostile ones, from one printed seed. Whatever comes is
 * answered in time, with the envelope when it is refused, and never with a 500.
 */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { endpoint } from '../app/world.ts';
import { makeApi, read, type Api } from './api.ts';
import { makeBodyJudge, type BodyJudge } from './body-judge.ts';
import type { Wish } from './calls.ts';
import { bodyOf, openerOf, pathOf } from './foreign-calls.ts';
import { makeRequests, type Aim } from './fuzz-requests.ts';
import { registeredFunctions } from './registered.ts';
import { makeTenant, type Tenant } from './tenants.ts';
import { expectWhole } from './whole-state.ts';

/** `MILLPOND_FUZZ_S` and `MILLPOND_FUZZ_SEED` make it longer or repeat it. */
const fuzzMs = Number(process.env['MILLPOND_FUZZ_S'] ?? 10) * 1_000;
const seed = Number(process.env['MILLPOND_FUZZ_SEED'] ?? Date.now() % 1_000_000_007);
const hangMs = 5_000;
/** Requests between two looks at the whole state. */
const lookEvery = 200;

const { routes } = await registeredFunctions();
let api: Api;
let tenant: Tenant;
let judge: BodyJudge;

beforeAll(async () => {
  process.stdout.write(`fuzz seed ${seed} (MILLPOND_FUZZ_SEED=${seed} repeats it)\n`);
  await makeAnew();
  judge = makeBodyJudge(read(await api.call({ path: '/openapi.json' })));
});

/** A world of one tenant; its chance is seeded, so that ids and keys are always the same. */
async function makeAnew(): Promise<void> {
  api = await makeApi();
  api.world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  tenant = await makeTenant(api, 'a1'.repeat(16), 'a2'.repeat(16));
}

/** The host answers the others itself. */
const reachesUs = ({ path = '/' }: Wish) => !/%00|\/\/|^\/(admin|runtime)\b/i.test(path.split('?')[0] ?? '');

/** What takes away the ground that other requests stand on. */
const destroys = ({ method, path = '' }: Wish) => method === 'DELETE' || path.includes('regenerateKey');

/** Every method of every route with a request that is good. */
function aims(): Aim[] {
  const operatorKey = api.world.app.secrets.operatorKey;
  return routes
    .filter(({ name }) => name !== 'zzFallback')
    .flatMap(({ route, methods }) =>
      methods.map((method) => {
        const opener = openerOf(route);
        const key = opener === 'operator' ? operatorKey : (tenant.keys[opener][0] ?? '');
        const path = pathOf(route, () => tenant);
        const schema = judge.schemaOf(method, path);
        const aim = { method, path, key, body: bodyOf(api, route, method, tenant) };
        return schema === undefined ? aim : { ...aim, schema };
      }),
    );
}

test('every request is answered, in time, and never with a 500', { timeout: fuzzMs + 60_000 }, async () => {
  const seen = new Map<number, number>();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(makeRequests(aims(), judge.schemas).filter(reachesUs), async (wish) => {
      const status = await answered(wish);
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if (destroys(wish) && status < 300) {
        await expectConsistent();
        await makeAnew();
      } else if ((runs += 1) % lookEvery === 0) await expectConsistent();
    }),
    {
      seed,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: fuzzMs,
      markInterruptAsFailure: false,
    },
  );
  const total = [...seen.values()].reduce((a, b) => a + b, 0);
  process.stdout.write(`fuzz: ${total} requests, ${JSON.stringify(Object.fromEntries(seen))}\n`);
  // It got beyond the door.
  for (const status of [200, 400, 401, 404]) expect(seen.get(status), `${status}`).toBeGreaterThan(0);
  await expectConsistent();
});

/** `call` itself checks headers, lengths and the envelope of every refusal. */
async function answered(wish: Wish): Promise<number> {
  // Polls and looks again wait on the clock, which nobody else moves here.
  const { clock } = api.world;
  const call = api.call(wish);
  const over = new AbortController();
  void call.catch(() => undefined).finally(() => over.abort());
  const beganMs = performance.now();
  while (!over.signal.aborted) {
    if (performance.now() - beganMs > hangMs) throw new Error(`no answer within ${hangMs} ms`);
    await clock.advance(50);
  }
  const got = await call;
  expect(got.status, got.text + got.log.join('')).not.toBe(500);
  expect(got.log).toEqual([]);
  if (got.status >= 400 && wish.method !== 'HEAD') expect(got.text).toContain('"error"');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  // Headers may say something else of the body.
  const takes = wish.headers === undefined ? judge.takes(wish) : undefined;
  if (takes === false) expect(got.status, 'the document does not take its body').toBeGreaterThanOrEqual(400);
  if (takes === true && got.status === 400)
    expect(got.text, 'the document takes its body').not.toContain('"RequestBodyInvalid"');
  return got.status;
}

/** Whatever was done, everything fits together, before and after the timer has looked after it, and can be read. */
async function expectConsistent(): Promise<void> {
  await expectWhole(api.world.app);
  await api.timers.get('tick')?.run({ error: (text: string) => expect(text).toBe('') } as never);
  await expectWhole(api.world.app);
  const operatorKey = api.world.app.secrets.operatorKey;
  const got = await api.call({ path: '/operator/accounts', key: operatorKey });
  expect(got.status).toBe(200);
}
