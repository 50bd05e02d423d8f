/** A SAS opens nothing before and after its time: said as early as it can be known, with its own instant. */
import { beforeEach, expect, it } from 'vitest';
import { finishJob } from '../../shared/app/finish.ts';
import { registerJob } from '../../shared/app/register.ts';
import { startJob } from '../../shared/app/start.ts';
import { jobStatus } from '../../shared/app/status.ts';
import { next } from '../../shared/app/vm-calls.ts';
import { limits } from '../../shared/core/limits.ts';
import type { JobBody } from '../../shared/core/job-request.ts';
import {
  bootAll,
  endpoint,
  job,
  jobBody,
  makePool,
  makeWorld,
  nonceOf,
  ok,
  started,
  type World,
} from './world.ts';

const hourMs = 3_600_000;
let world: World;
let poolId: string;

beforeEach(async () => {
  world = await makeWorld();
  ({ poolId } = await makePool(world, 0));
  world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
});

const iso = (atMs: number) => new Date(atMs).toISOString();

/** The job of every test, with a SAS of one of its blobs that is good for so long. */
function bySas(which: string, forMs: number, more = ''): JobBody {
  const [container, name] = which === 'input' ? ['inputs', 'data.csv'] : ['outputs', 'scored.csv'];
  const token = world.blobs.sas({ endpoint, container, name }, 'rcw', world.clock.now() + forMs);
  const ref = {
    BaseLocation: `${endpoint}/`,
    RelativeLocation: `${container}/${name}`,
    SasBlobToken: token + more,
  };
  return {
    ...jobBody(world, poolId),
    ...(which === 'input' ? { Input: ref } : { Outputs: { output1: ref } }),
  };
}

it.each([
  ['input', 'Input (inputs/data.csv)'],
  ['output', 'Outputs.output1 (outputs/scored.csv)'],
])('of the %s, expired: refused at registration', async (which, place) => {
  const endMs = world.clock.now() - 5_000;
  const refused = await registerJob(world.app, world.service, bySas(which, -5_000));
  expect(refused).toMatchObject({
    status: 400,
    details: [
      {
        code: 'InvalidBlob',
        message: `The SAS of ${place} expired at ${iso(endMs)}: give one whose expiry (se) lies behind the end of the job.`,
      },
    ],
  });
});

it('of a connection string, expired: refused as well', async () => {
  const token = world.blobs.sas({ endpoint, container: 'inputs', name: 'data.csv' }, 'r', 1_000);
  const ConnectionString = `BlobEndpoint=${endpoint};SharedAccessSignature=${token.slice(1)}`;
  const body = { ...jobBody(world), Input: { ConnectionString, RelativeLocation: 'inputs/data.csv' } };
  const refused = await registerJob(world.app, world.service, body);
  expect(refused).toMatchObject({ details: [{ message: expect.stringContaining('The SAS of Input') }] });
});

it.each(['input', 'output'])(
  'of the %s, expired since: the start is refused, nobody is asked, and the job is failed',
  async (which) => {
    const endMs = world.clock.now() + hourMs;
    const { jobId } = ok(await registerJob(world.app, world.service, bySas(which, hourMs)));
    await world.clock.advance(2 * hourMs);
    const asked: string[] = [];
    world.blobs.onCall = (op) => void asked.push(op);
    const refused = await startJob(world.app, world.service, jobId);
    expect(refused).toMatchObject({ status: 400, details: [{ code: 'InvalidBlob' }] });
    const reason = expect.stringMatching(
      new RegExp(
        `^The SAS of ${which} "${which}1" \\(.* in ${endpoint}\\) expired at ${iso(endMs)}\\. Register`,
      ),
    );
    expect(await job(world, jobId)).toMatchObject({ kind: 'failed', code: 'InvalidBlob', reason });
    expect(asked).toEqual([]);
  },
);

it('that is not good yet may be registered, and is refused at the start', async () => {
  const st = iso(world.clock.now() + hourMs);
  const body = bySas('input', 2 * hourMs, `&st=${encodeURIComponent(st)}`);
  const { jobId } = ok(await registerJob(world.app, world.service, body));
  await startJob(world.app, world.service, jobId);
  expect(await job(world, jobId)).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining(`is good only from ${st} on`),
  });
});

it('that is about to expire is left to storage, whose clock is the right one', async () => {
  world.blobs.put({ endpoint, container: 'outputs', name: 'scored.csv' }, '');
  const { jobId } = ok(await registerJob(world.app, world.service, bySas('output', -1_000)));
  const refused = await startJob(world.app, world.service, jobId);
  expect(refused).toMatchObject({
    details: [{ message: expect.stringContaining('refused access to output') }],
  });
});

it('that a VM gets outlives the longest run', async () => {
  const jobMsMax = 7 * 24 * hourMs;
  world = await makeWorld({ config: { jobMsMax } });
  ({ poolId } = await makePool(world, 1));
  const [vmId = ''] = await bootAll(world, poolId);
  await started(world, poolId);
  const work = await next(world.app, vmId, nonceOf(vmId));
  if (work.kind !== 'work') throw new Error('no work');
  const { model, inputs, outputs } = work.assignment;
  for (const { url } of [model, ...Object.values(inputs), ...Object.values(outputs)]) {
    const endMs = Date.parse(new URL(url).searchParams.get('se') ?? '');
    expect(endMs).toBe(world.clock.now() + jobMsMax + limits.assignmentSpareMs);
  }
});

it('of a result lasts for a day, then its status says that it has expired, and how to read the result', async () => {
  ({ poolId } = await makePool(world, 1));
  const [vmId = ''] = await bootAll(world, poolId);
  const jobId = await started(world, poolId);
  const nonce = nonceOf(vmId);
  await next(world.app, vmId, nonce);
  await finishJob(world.app, vmId, { nonce, jobId, attempt: 1, outcome: { kind: 'finished', rows: 1 } });
  const endMs = world.clock.now() + limits.resultSasMs;
  const look = async () => ok(await jobStatus(world.app, world.service, jobId));
  const token = new URLSearchParams((await look()).results?.['output1']?.token);
  expect([token.get('sp'), Date.parse(token.get('se') ?? '')]).toEqual(['r', endMs]);
  await world.clock.advance(limits.resultSasMs - 1);
  expect((await look()).job).not.toHaveProperty('reason');
  await world.clock.advance(1);
  const later = await look();
  expect(later.job).toMatchObject({
    kind: 'finished',
    reason: expect.stringMatching(
      new RegExp(`^The SAS of result "output1" expired at ${iso(endMs)}: read the blob`),
    ),
  });
  expect(later.results?.['output1']?.relativeLocation).toBe('outputs/scored.csv');
});
