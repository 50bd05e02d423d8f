/** A web service's own storage account: results that no override names go there, and its key is nowhere to be read. */
import { beforeEach, expect, test } from 'vitest';
import { registerJob } from '../../shared/app/register.ts';
import { getService, putService } from '../../shared/app/services.ts';
import { startJob } from '../../shared/app/start.ts';
import { next } from '../../shared/app/vm-calls.ts';
import { emulatorKey } from '../../shared/core/connection-string.ts';
import type { Service } from '../../shared/core/service.ts';
import { contentOf, planArmId, storageKey } from './classic-world.ts';
import {
  bootAll,
  endpoint,
  jobBody,
  makePool,
  makeWorld,
  nonceOf,
  ok,
  refusedWith,
  type World,
} from './world.ts';

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});

type Storage = { readonly name: string; readonly key?: string };

const put = (storage: Storage | undefined) =>
  putService(world.app, world.account, {
    group: 'rg',
    name: 'adult',
    commitmentPlan: planArmId('s1'),
    ...contentOf(world, storage === undefined ? {} : { storage }),
  });

/** Where the output of a job without overrides is written: what its VM is handed. */
async function outputOf(service: Service): Promise<{ jobId: string; name: string; url: string }> {
  world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  const { poolId } = await makePool(world, 1);
  const { Outputs: _, ...body } = jobBody(world, poolId);
  const { jobId } = ok(await registerJob(world.app, service, body));
  ok(await startJob(world.app, service, jobId));
  const [vmId = ''] = await bootAll(world, poolId);
  const work = await next(world.app, vmId, nonceOf(vmId));
  const output = work.kind === 'work' ? work.assignment.outputs['output1'] : undefined;
  if (output === undefined) throw new Error('the VM got no work');
  return { jobId, ...output };
}

test('results go to its container, which is made when it is missing', async () => {
  const { service } = ok(await put({ name: 'caller', key: storageKey(world) }));
  const { jobId, name, url } = await outputOf(service);
  expect(name).toBe(`experimentoutput/${jobId}/output1.csv`);
  expect(url.startsWith(`${endpoint}/experimentoutput/${jobId}/output1.csv?`)).toBe(true);
  expect(world.blobs.writeUrl(url, 'scored').kind).toBe('ok');
});

test('without one they go to a container of ours', async () => {
  const { service } = ok(await put(undefined));
  const { jobId, name } = await outputOf(service);
  const day = Math.floor(world.clock.now() / 86_400_000);
  expect(name).toBe(`millpond-results/0${day}/${jobId}/output1.csv`);
});

test('its key is in no row and in no blob', async () => {
  const key = storageKey(world);
  const { service } = ok(await put({ name: 'caller', key }));
  await outputOf(service);
  const view = ok(await getService(world.app, world.account, { group: 'rg', name: 'adult' }));
  const blobs = [...world.blobs.all().values()].map((bytes) => Buffer.from(bytes).toString());
  expect(blobs.some((text) => text.includes('"storage"'))).toBe(true);
  for (const text of [JSON.stringify(view), ...blobs]) expect(text).not.toContain(key);
  const row = await world.app.store.get('service', service);
  expect(JSON.stringify(row)).not.toContain(key);
});

test('a PUT without the key keeps it for the same account, and for no other', async () => {
  ok(await put({ name: 'caller', key: storageKey(world) }));
  const { service } = ok(await put({ name: 'caller' }));
  expect((await outputOf(service)).name).toMatch(/^experimentoutput\//);
  const other = await put({ name: 'another' });
  expect(other.kind === 'refused' ? other.details[0]?.message : '').toMatch(/key is missing/);
});

test.each<[string, Storage, RegExp]>([
  ['no key', { name: 'caller' }, /storageAccount\.key is missing/],
  ['half a key', { name: 'caller', key: 'abc' }, /storageAccount\.key is not an account key/],
  [
    'another key',
    { name: 'caller', key: 'AAAA' },
    /refused the container "experimentoutput".*Check the account key/,
  ],
  ['no such account', { name: 'nobody', key: 'AAAA' }, /does not exist: correct its name/],
  ['a host for a name', { name: 'x.example', key: 'AAAA' }, /storageAccount\.name is "x\.example"/],
  [
    'the emulator',
    { name: 'devstoreaccount1', key: emulatorKey },
    /emulator, which this service does not use/,
  ],
])('a storage account with %s is refused when the service is made', async (_, storage, message) => {
  const refused = await put(storage);
  expect(refusedWith(refused)).toBe('InvalidStorageAccount');
  expect(refused.kind === 'refused' ? refused.details[0]?.message : '').toMatch(message);
  if (storage.key !== undefined) expect(JSON.stringify(refused)).not.toContain(storage.key);
});

test('the emulator is taken where it is allowed', async () => {
  const emulatorEndpoint = 'http://127.0.0.1:10000/devstoreaccount1';
  world = await makeWorld({ config: { emulatorEndpoint } });
  const access = world.blobs.addAccount(emulatorEndpoint, 'devstoreaccount1', []);
  const key = access.kind === 'key' ? access.key : '';
  const { service } = ok(await put({ name: 'devstoreaccount1', key }));
  expect((await outputOf(service)).url.startsWith(`${emulatorEndpoint}/experimentoutput/`)).toBe(true);
});

test('an account that does not answer makes the registration wait for a better moment, and nothing is kept', async () => {
  const { service } = ok(await put({ name: 'caller', key: storageKey(world) }));
  await world.clock.advance(120_000);
  world.blobs.onCall = (op) => (op === 'makeContainer' ? 'unreachable' : undefined);
  const { Outputs: _, ...body } = jobBody(world);
  expect(refusedWith(await registerJob(world.app, service, body))).toBe('StorageUnreachable');
  world.blobs.onCall = undefined;
  expect((await registerJob(world.app, service, body)).kind).toBe('registered');
});
