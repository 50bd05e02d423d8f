/** The VM program as a real process against a service of the test's own and a real Azurite. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startAzurite, type Azurite } from '../fixtures/azurite.ts';
import { hardWork, rowSum } from '../scoring/onnx-fixtures.ts';
import { assignmentOf, makeBlobPlace, randomId, type BlobPlace } from './blob-place.ts';
import { startFakeService, token, type FakeService } from './fake-service.ts';
import { startVm, type VmProcess } from './vm-process.ts';

let azurite: Azurite;
let place: BlobPlace;
let service: FakeService;
let vms: VmProcess[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
  place = await makeBlobPlace(azurite.connectionString);
});
afterAll(async () => azurite?.stop());
beforeEach(async () => {
  service = await startFakeService();
  vms = [];
});
afterEach(async () => {
  await Promise.all(vms.map((vm) => vm.end()));
  await service.close();
});

function vm(vmId?: string): VmProcess {
  const started = startVm(service.url, vmId);
  vms.push(started);
  return started;
}

async function sumJob(input = 'a,b\n1,2\n3,4\n') {
  const name = randomId();
  return assignmentOf({
    model: await place.model(rowSum(2, ['a', 'b'])),
    input: await place.input(`${name}.csv`, input),
    output: await place.output(`${name}-out.csv`),
  });
}

const data = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const adult = existsSync(`${data}adult.csv`);
if (!adult) process.stdout.write(`main.test: one test skipped, there is no ${data}adult.csv\n`);

test.skipIf(!adult)('scores ten rows again and again, quickly once it is warm', async () => {
  const lines = readFileSync(`${data}adult.csv`, 'utf8').split('\n').slice(0, 11);
  const model = await place.model(readFileSync(`${data}adult-lr-zipmap.onnx`));
  const input = await place.input('adult.csv', `${lines.join('\n')}\n`);
  vm();
  const tookMs: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    const job = await assignmentOf({ model, input, output: await place.output(`adult-${n}.csv`) });
    service.give(job);
    await service.until(() => service.outcomes.has(job.jobId));
    expect(service.outcomes.get(job.jobId)).toEqual({ kind: 'finished', rows: 10 });
    const finish = service.calls.find((call) => call.body.jobId === job.jobId);
    tookMs.push((finish?.atMs ?? 0) - (service.givenMs.get(job.jobId) ?? 0));
  }
  const written = (await place.text('adult-11.csv')).trimEnd().split('\n');
  expect(written).toHaveLength(11);
  expect(written[0]).toBe(`${lines[0]},Scored Labels,Scored Probabilities`);
  expect(written[1]).toMatch(/^39,State-gov,.*,<=50K,<=50K,0\.\d+$/);
  const warm = tookMs.slice(2).sort((a, b) => a - b);
  const median = warm[warm.length >> 1] ?? 0;
  process.stdout.write(
    `warm 10-row job: median ${median.toFixed(1)} ms, first ${tookMs[0]?.toFixed(0)} ms\n`,
  );
  expect(median).toBeLessThan(1_000);
});

test('says hello, works, and leaves with a bye when it is told to stop', async () => {
  const one = vm();
  const job = await sumJob();
  service.give(job);
  await service.until(() => service.outcomes.has(job.jobId));
  service.stopVm('its pool is gone');
  expect(await one.ended).toEqual({ code: 0, signal: null });
  const actions = service.calls.map((call) => call.action);
  expect(actions[0]).toBe('hello');
  expect(actions.at(-1)).toBe('bye');
  expect(new Set(service.calls.map((call) => call.body.nonce)).size).toBe(1);
  expect(service.calls.every((call) => call.token === token && call.vmId === one.vmId)).toBe(true);
  expect(service.outcomes.get(job.jobId)).toEqual({ kind: 'finished', rows: 2 });
  expect(JSON.parse(one.lines())).toMatchObject({ event: 'vm.ends', why: 'its pool is gone' });
});

test('a second process under the same id is refused and ends', async () => {
  const first = vm();
  await service.until(() => service.calls.some((call) => call.action === 'next'));
  const second = vm(first.vmId);
  expect(await second.ended).toEqual({ code: 0, signal: null });
  expect(second.lines()).toContain('another process has this id');
  expect(first.child.exitCode).toBeNull();
});

test.each([401, 404])(
  'an answer of %i ends it, with the reason on stderr and without the token',
  async (status) => {
    service.answer(status);
    const one = vm();
    expect(await one.ended).toEqual({ code: 0, signal: null });
    expect(JSON.parse(one.lines())).toMatchObject({ why: `the service answered hello with ${status}` });
    expect(one.lines()).not.toContain(token);
  },
);

test('waits for a service that stays away for a while, and finishes what it has done', async () => {
  const one = vm();
  await service.until(() => service.calls.some((call) => call.action === 'next'));
  await service.goAway();
  await service.comeBack();
  const job = await sumJob();
  service.give(job);
  await service.until(() => service.givenMs.has(job.jobId));
  await service.goAway();
  await expect.poll(() => place.blob(outputOf(job)).exists(), { timeout: 10_000 }).toBe(true);
  await service.comeBack();
  await service.until(() => service.outcomes.has(job.jobId));
  expect(service.outcomes.get(job.jobId)).toEqual({ kind: 'finished', rows: 2 });
  expect(one.child.exitCode).toBeNull();
});

test('a service in trouble is asked again, with pauses', async () => {
  service.answer(503);
  vm();
  await service.until(() => service.calls.length >= 4);
  expect(service.calls.every((call) => call.action === 'hello')).toBe(true);
  service.answer(200);
  await service.until(() => service.calls.some((call) => call.action === 'next'));
  expect(service.calls.length).toBeLessThan(12);
});

test('lets go of a job that is no longer its own: no output, no finish, then the next one', async () => {
  vm();
  const big = await sumJob(`a,b\n${'1,2\n'.repeat(1_500_000)}`);
  service.give({ ...big, beatMs: 20 });
  service.drop(big.jobId);
  await service.until(() => service.givenMs.has(big.jobId));
  const small = await sumJob();
  service.give(small);
  await service.until(() => service.outcomes.has(small.jobId));
  expect(service.calls.filter((call) => call.body.jobId === big.jobId)).toEqual([]);
  expect(await place.blob(outputOf(big)).exists()).toBe(false);
});

test('beats while it works and tells how far it is', async () => {
  vm();
  const big = await sumJob(`a,b\n${'1,2\n'.repeat(1_000_000)}`);
  service.give({ ...big, beatMs: 50 });
  await service.until(() => service.outcomes.has(big.jobId));
  const rows = service.calls.flatMap((call) => (call.body.job === undefined ? [] : [call.body.job.rowsDone]));
  expect(rows.length).toBeGreaterThan(2);
  expect(rows).toEqual(rows.toSorted((a, b) => a - b));
  expect(rows.some((done) => done > 0 && done < 1_000_000)).toBe(true);
  expect(service.outcomes.get(big.jobId)).toEqual({ kind: 'finished', rows: 1_000_000 });
});

test('ends at once when its parent is gone, also in the middle of a job', async () => {
  const one = vm();
  const big = await sumJob(`a,b\n${'1,2\n'.repeat(1_500_000)}`);
  service.give({ ...big, beatMs: 20 });
  await service.until(() => service.calls.some((call) => call.body.job !== undefined));
  const sinceMs = performance.now();
  one.child.disconnect();
  expect((await one.ended).signal).toBe('SIGKILL');
  expect(performance.now() - sinceMs).toBeLessThan(5_000);
});

test('a job whose model does not come back is held to its time, and its VM goes', async () => {
  const one = vm();
  const job = await assignmentOf({
    model: await place.model(hardWork()),
    input: await place.input('hard.csv', 'x\n4000\n'),
    output: await place.output('hard-out.csv'),
    limits: { runMs: 1_000, memoryMb: 4_096 },
  });
  service.give(job);
  await service.until(() => service.outcomes.has(job.jobId));
  expect(service.outcomes.get(job.jobId)).toMatchObject({
    kind: 'failed',
    message: expect.stringContaining('longer than the 1 s'),
  });
  expect((await one.ended).signal).toBe('SIGKILL');
  expect(service.calls.at(-1)?.action).toBe('bye');
  expect(await place.blob('hard-out.csv').exists()).toBe(false);
});

test('SIGTERM: says bye and ends', async () => {
  const one = vm();
  await service.until(() => service.calls.some((call) => call.action === 'next'));
  one.child.kill('SIGTERM');
  expect(await one.ended).toEqual({ code: 0, signal: null });
  expect(service.calls.at(-1)?.action).toBe('bye');
});

test.skipIf(process.platform !== 'linux')(
  'its token is in no argument, and nothing of the host is in its environment',
  async () => {
    process.env['MILLPOND_TEST_CANARY'] = 'canary-of-the-host';
    const one = vm();
    delete process.env['MILLPOND_TEST_CANARY'];
    await service.until(() => service.calls.some((call) => call.action === 'next'));
    const { pid } = one.child;
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(token);
    const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .map((entry) => entry.split('=')[0])
      .filter((name) => name !== '' && !name?.startsWith('NODE_'));
    // The kernel keeps the block that a process was started with, for the same user's eyes; the program cannot wipe it.
    expect(names.toSorted((a = '', b = '') => a.localeCompare(b))).toEqual([
      'MALLOC_ARENA_MAX',
      'MILLPOND_VM_ID',
      'MILLPOND_VM_OPEN_HOSTS',
      'MILLPOND_VM_TOKEN',
      'MILLPOND_VM_URL',
      'MILLPOND_VM_WORKERS',
      'TZ',
    ]);
  },
);

function outputOf(job: { outputs: Readonly<Record<string, { name: string }>> }): string {
  return job.outputs['output1']?.name.split('/').slice(1).join('/') ?? '';
}
