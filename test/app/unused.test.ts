/** Models and definitions go when nothing names them any more, and never while something may still need them. */
import { expect, test } from 'vitest';
import { cancelByOwner } from '../../shared/app/cancel.ts';
import { patchService, putService, deleteService } from '../../shared/app/services.ts';
import { registerJob } from '../../shared/app/register.ts';
import { SealFault } from '../../shared/app/seal-fault.ts';
import { sweepUnused } from '../../shared/app/sweep-unused.ts';
import type { App, OwnContainer, Write } from '../../shared/app/ports.ts';
import { limits } from '../../shared/core/limits.ts';
import type { Service } from '../../shared/core/service.ts';
import {
  connectionString,
  endpoint,
  jobBody,
  makeApp,
  makeWorld,
  ok,
  registered,
  ticked,
  type World,
} from './world.ts';

const thing = { group: 'rg', name: 'adult' };

/** Another model for the service, or the same one once more; `bytes` are the model. */
async function remodel(world: World, bytes: string, app = world.app): Promise<Service> {
  world.blobs.put({ endpoint, container: 'models', name: `${bytes}.onnx` }, bytes);
  const ref = { ConnectionString: connectionString(world), RelativeLocation: `models/${bytes}.onnx` };
  const model = { ref, path: 'here' };
  return ok(await patchService(app, world.account, thing, { model })).service;
}

async function put(world: World, name: string, bytes: string, app = world.app): Promise<Service> {
  world.blobs.put({ endpoint, container: 'models', name: `${bytes}.onnx` }, bytes);
  const ref = { ConnectionString: connectionString(world), RelativeLocation: `models/${bytes}.onnx` };
  const made = await putService(app, world.account, {
    group: 'rg',
    name,
    title: name,
    commitmentPlan: `/subscriptions/${world.account.subscriptionId}/resourceGroups/rg/providers/Microsoft.MachineLearning/commitmentPlans/s1`,
    model: { ref, path: 'here' },
    inputs: ['input1'],
    outputs: ['output1'],
    parameters: [],
    echo: {},
  });
  return ok(made).service;
}

async function namesIn({ app }: World, container: OwnContainer): Promise<string[]> {
  return (await app.blobs.list(container, { limit: 1_000 })).blobs.map(({ name }) => name);
}

function modelOf({ state }: Service): string {
  if (state.kind !== 'succeeded') throw new Error('it has no model');
  return `${state.model.sha256}.onnx`;
}

/** As many runs as a whole round takes, an hour of them, and the rest after it. */
async function sweptFor({ clock }: World, ms: number, ...apps: App[]): Promise<void> {
  const stepMs = 60_000;
  for (let passed = 0; passed < ms; passed += stepMs) {
    for (let n = 0; n < 20; n += 1) for (const app of apps) await sweepUnused(app);
    await clock.advance(stepMs);
  }
}
const roundMs = limits.sweepSeldomMs + 3 * limits.unusedMs;

test('what a service was made of goes when it is replaced, and all of it when it is deleted', async () => {
  const world = await makeWorld();
  const first = world.service;
  const second = await remodel(world, 'second');
  expect(await namesIn(world, 'millpond-services')).toHaveLength(2);
  await sweptFor(world, limits.unusedMs - 60_000, world.app);
  expect(await namesIn(world, 'millpond-services')).toHaveLength(2);
  expect(await namesIn(world, 'millpond-models')).toEqual([modelOf(first), modelOf(second)].toSorted());
  await sweptFor(world, roundMs, world.app);
  expect(await namesIn(world, 'millpond-services')).toEqual([second.definition]);
  expect(await namesIn(world, 'millpond-models')).toEqual([modelOf(second)]);
  ok(await deleteService(world.app, world.account, thing));
  for (let passed = 0; passed < roundMs; passed += 60_000) {
    await ticked(world);
    await world.clock.advance(60_000);
  }
  expect(await namesIn(world, 'millpond-services')).toEqual([]);
  expect(await namesIn(world, 'millpond-models')).toEqual([]);
});

test('a service that two PUTs make at once, or that goes during one, keeps the definition that it names', async () => {
  const world = await makeWorld();
  const looking = Promise.withResolvers<void>();
  const slow: App = {
    ...world.app,
    checkModel: async (bytes) => {
      await looking.promise;
      return world.app.checkModel(bytes);
    },
  };
  const twin = put(world, 'twin', 'late', slow);
  const adult = put(world, 'adult', 'late', slow);
  const first = await put(world, 'twin', 'early');
  ok(await deleteService(world.app, world.account, thing));
  looking.resolve();
  const [late, again] = await Promise.all([twin, adult]);
  expect(late.serviceId).toBe(first.serviceId);
  expect(again.serviceId).not.toBe(world.service.serviceId);
  await sweptFor(world, roundMs, world.app);
  expect(await namesIn(world, 'millpond-services')).toEqual([late.definition, again.definition].toSorted());
});

test('a model stays for another service of the same file', async () => {
  const world = await makeWorld();
  const twin = await put(world, 'twin', 'a model');
  expect(modelOf(twin)).toBe(modelOf(world.service));
  ok(await deleteService(world.app, world.account, thing));
  await sweptFor(world, roundMs, world.app);
  expect(await namesIn(world, 'millpond-models')).toEqual([modelOf(twin)]);
  expect(await namesIn(world, 'millpond-services')).toEqual([twin.definition]);
});

test('a model stays for a job that pinned it, for as long as that is unfinished', async () => {
  const world = await makeWorld();
  const jobId = await registered(world);
  const second = await remodel(world, 'second');
  await sweptFor(world, 2 * roundMs, world.app);
  expect(await namesIn(world, 'millpond-models')).toEqual(
    [modelOf(world.service), modelOf(second)].toSorted(),
  );
  ok(await cancelByOwner(world.app, world.service, jobId));
  await sweptFor(world, roundMs, world.app);
  expect(await namesIn(world, 'millpond-models')).toEqual([modelOf(second)]);
});

test('a registration that still holds the old row finds all of it, and its job keeps the model', async () => {
  const world = await makeWorld();
  const old = world.service;
  const second = await remodel(world, 'second');
  // The first look has found both unused.
  await sweptFor(world, 60_000, world.app);
  await world.clock.advance(limits.requestMsMax);
  ok(await registerJob(world.app, old, jobBody(world)));
  expect(await world.app.blobs.get('millpond-services', old.definition)).toBeDefined();
  await sweptFor(world, 2 * roundMs, world.app);
  expect(await namesIn(world, 'millpond-models')).toEqual([modelOf(old), modelOf(second)].toSorted());
});

test('what a writer has put down and not yet named stays; what it leaves behind goes', async () => {
  const world = await makeWorld();
  const { store } = world.app;
  const held = Promise.withResolvers<undefined>();
  const come = Promise.withResolvers<undefined>();
  const slow: App = {
    ...world.app,
    store: {
      ...store,
      commit: async (writes: readonly Write[]) => {
        come.resolve(undefined);
        await held.promise;
        return store.commit(writes);
      },
    },
  };
  const patching = remodel(world, 'second', slow);
  await come.promise;
  await sweptFor(world, 2 * 60_000, world.app);
  held.resolve(undefined);
  const second = await patching;
  await sweptFor(world, roundMs, world.app);
  expect(await namesIn(world, 'millpond-services')).toEqual([second.definition]);
  expect(await namesIn(world, 'millpond-models')).toEqual([modelOf(second)]);
  // One that dies there leaves both.
  const dying: App = { ...slow, store: { ...store, commit: () => Promise.reject(new Error('dead')) } };
  await expect(remodel(world, 'third', dying)).rejects.toThrow('dead');
  expect(await namesIn(world, 'millpond-services')).toHaveLength(2);
  await sweptFor(world, roundMs, world.app);
  expect(await namesIn(world, 'millpond-services')).toEqual([second.definition]);
  expect(await namesIn(world, 'millpond-models')).toEqual([modelOf(second)]);
});

test('a model that is put again while it is being removed is there in the end', async () => {
  const world = await makeWorld();
  await remodel(world, 'second');
  let again: Service | undefined;
  world.blobs.onCall = async (op, url) => {
    if (op !== 'remove' || !url.includes('millpond-models') || again !== undefined) return undefined;
    world.blobs.onCall = undefined;
    again = await remodel(world, 'a model');
    return undefined;
  };
  await sweptFor(world, limits.sweepSeldomMs, world.app);
  if (again === undefined) throw new Error('nothing was removed');
  expect(modelOf(again)).toBe(modelOf(world.service));
  expect(await namesIn(world, 'millpond-models')).toContain(modelOf(again));
  await sweptFor(world, 2 * roundMs, world.app);
  expect(await namesIn(world, 'millpond-models')).toEqual([modelOf(again)]);
});

test('a model stays while there is a job whose wish opens with a secret that is missing now', async () => {
  const world = await makeWorld();
  await registered(world);
  const second = await remodel(world, 'second');
  const all = [modelOf(world.service), modelOf(second)].toSorted();
  const { secrets } = world.app;
  const open = () => {
    throw new SealFault('not this one');
  };
  await sweptFor(world, roundMs, { ...world.app, secrets: { ...secrets, open } });
  expect(await namesIn(world, 'millpond-models')).toEqual(all);
});

test('two instances, lost calls and processes that die in between remove only what is unused', async () => {
  const world = await makeWorld();
  let last = world.service;
  for (let n = 0; n < 12; n += 1) last = await remodel(world, `model ${n}`);
  await world.app.blobs.put('millpond-services', 'readme.txt', new Uint8Array([1]));
  let calls = 0;
  world.blobs.onCall = () => ((calls += 1) % 7 === 0 ? 'unreachable' : undefined);
  for (let seed = 2; seed < 6; seed += 1) {
    const [one, two] = [makeApp({ ...world, seed }), makeApp({ ...world, seed: seed + 10 })];
    for (let n = 0; n < 40; n += 1) {
      await Promise.allSettled([sweepUnused(one), sweepUnused(two), sweepUnused(one)]);
      await world.clock.advance(60_000);
    }
  }
  world.blobs.onCall = undefined;
  await sweptFor(world, roundMs, makeApp({ ...world, seed: 90 }));
  expect(await namesIn(world, 'millpond-services')).toEqual([last.definition, 'readme.txt'].toSorted());
  expect(await namesIn(world, 'millpond-models')).toEqual([modelOf(last)]);
});

test('a run looks at a bounded part, and the next goes on', async () => {
  const world = await makeWorld();
  const { subscriptionId, serviceId, definition } = world.service;
  for (let n = 0; n < 450; n += 1) {
    const name = `${subscriptionId}/${serviceId}/${n.toString(16).padStart(32, '0')}.json`;
    await world.app.blobs.put('millpond-services', name, new Uint8Array([1]));
  }
  let removed = 0;
  world.blobs.onCall = (op) => {
    if (op === 'remove') removed += 1;
    return undefined;
  };
  let before = 0;
  for (let n = 0; n < 200; n += 1) {
    await sweepUnused(world.app);
    expect(removed - before).toBeLessThanOrEqual(limits.sweepRows);
    before = removed;
    await world.clock.advance(60_000);
  }
  expect(await namesIn(world, 'millpond-services')).toEqual([definition]);
});
