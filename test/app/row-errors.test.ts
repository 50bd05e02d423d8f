/** A job with rows at fault: from its parameters to its status, its rerun and the end of its error file's SAS. */
import { beforeEach, expect, it } from 'vitest';
import { finishJob } from '../../shared/app/finish.ts';
import { registerJob } from '../../shared/app/register.ts';
import { rerunJob } from '../../shared/app/rerun.ts';
import { startJob } from '../../shared/app/start.ts';
import { jobStatus } from '../../shared/app/status.ts';
import { next, takeBeat } from '../../shared/app/vm-calls.ts';
import type { JobBody } from '../../shared/core/job-request.ts';
import { limits } from '../../shared/core/limits.ts';
import type { Outcome } from '../../shared/core/vm-protocol.ts';
import { statusJson } from '../../shared/http/job-json.ts';
import {
  bootAll,
  connectionString,
  endpoint,
  job,
  jobBody,
  makePool,
  makeWorld,
  nonceOf,
  ok,
  ticked,
  type World,
} from './world.ts';

let world: World;
let poolId: string;
let vmId: string;
beforeEach(async () => {
  world = await makeWorld();
  ({ poolId } = await makePool(world, 1));
  [vmId = ''] = await bootAll(world, poolId);
  world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  world.blobs.put({ endpoint, container: 'outputs', name: 'scored.csv.errors.csv' }, 'file,...');
});

const found = { rowErrors: { count: 2, byReason: { 'expected a number': 2 } } };
const finished: Outcome = { kind: 'finished', rows: 9, ...found, unseen: { count: 3, byColumn: { age: 3 } } };

async function assigned(more: Partial<JobBody> = {}) {
  const jobId = ok(await registerJob(world.app, world.service, { ...jobBody(world, poolId), ...more })).jobId;
  ok(await startJob(world.app, world.service, jobId));
  return { jobId, ...(await taken()) };
}
async function taken() {
  const work = await next(world.app, vmId, nonceOf(vmId));
  if (work.kind !== 'work') throw new Error(`no work but ${work.kind}`);
  return { assignment: work.assignment };
}
const end = (jobId: string, outcome: Outcome) =>
  finishJob(world.app, vmId, { nonce: nonceOf(vmId), jobId, attempt: 1, outcome });
const statusOf = async (jobId: string) => statusJson(ok(await jobStatus(world.app, world.service, jobId)));
const rerun = (jobId: string, body: JobBody, key?: string) =>
  rerunJob(world.app, world.service, jobId, body, key);
const again = () => {
  const Outputs = {
    output1: { ConnectionString: connectionString(world), RelativeLocation: 'outputs/again.csv' },
  };
  return { AzureBatchPoolId: poolId, Outputs };
};

it('the policy reaches the VM, apart from the parameters of the web service, with a place beside the output', async () => {
  const GlobalParameters = { 'millpond.rowErrors': 'skip', 'millpond.maxRowErrors': '10' };
  const { assignment } = await assigned({ GlobalParameters });
  expect(assignment).toMatchObject({
    rowErrors: { kind: 'skip', countMax: 10 },
    parameters: {},
    errors: { name: 'outputs/scored.csv.errors.csv', readable: true },
    inputs: { input1: { reads: 'table' } },
  });
  expect(new URL(assignment.errors.url).searchParams.get('sp')).toBe('rcw');
});

it('an output by a SAS of its own has its error file with us', async () => {
  const place = { endpoint, container: 'outputs', name: 'scored.csv' };
  const SasBlobToken = world.blobs.sas(place, 'rcw', 4_000_000_000_000);
  const ref = { BaseLocation: `${endpoint}/`, RelativeLocation: 'outputs/scored.csv', SasBlobToken };
  const { jobId, assignment } = await assigned({ Outputs: { output1: ref } });
  expect(assignment.errors.name).toMatch(
    new RegExp(`^millpond-results/\\d{6}/${jobId}/output1\\.errors\\.csv$`),
  );
});

it('an error file may not take the place of the input', async () => {
  world.blobs.put({ endpoint, container: 'outputs', name: 'scored.csv.errors.csv' }, 'x');
  const Input = {
    ConnectionString: connectionString(world),
    RelativeLocation: 'outputs/scored.csv.errors.csv',
  };
  const refused = await registerJob(world.app, world.service, { ...jobBody(world, poolId), Input });
  expect(refused).toMatchObject({
    kind: 'refused',
    details: [
      {
        message: expect.stringContaining(
          'Inputs.input1 names "outputs/scored.csv.errors.csv", which is where this job\'s own error file goes',
        ),
      },
    ],
  });
});

it('the status names the file beside the results, never inside them, with counts', async () => {
  const { jobId } = await assigned();
  expect(await statusOf(jobId)).toMatchObject({ Errors: null, UnseenCategories: null });
  await end(jobId, finished);
  const status = await statusOf(jobId);
  expect(status).toMatchObject({
    StatusCode: 'Finished',
    RowsDone: 9,
    RowsTotal: 9,
    Reason: `2 rows were not scored: the file that Errors names has them, and POST .../jobs/${jobId}/rerun scores just those.`,
    Errors: {
      ConnectionString: null,
      BaseLocation: `${endpoint}/`,
      RelativeLocation: 'outputs/scored.csv.errors.csv',
      SasBlobToken: expect.stringMatching(/^\?.*sp=r&/),
      Count: 2,
      ByReason: { 'expected a number': 2 },
    },
    UnseenCategories: { Count: 3, ByColumn: { age: 3 } },
  });
  expect(Object.keys(status.Results ?? {})).toEqual(['output1']);
});

it('a failed job names it too, and its SAS goes after a day', async () => {
  const { jobId } = await assigned();
  await end(jobId, { kind: 'failed', code: 'InputParseError', message: 'Too many.', ...found });
  expect(await statusOf(jobId)).toMatchObject({
    StatusCode: 'Failed',
    Details: 'Too many.',
    Results: null,
    Errors: { Count: 2, SasBlobToken: expect.stringMatching(/^\?/) },
  });
  expect(JSON.stringify(await job(world, jobId))).toContain('tokenSealed');
  await world.clock.advance(limits.resultSasMs + limits.sweepRestMs);
  await ticked(world);
  expect(JSON.stringify(await job(world, jobId))).not.toContain('tokenSealed');
  expect(await statusOf(jobId)).toMatchObject({ Errors: { Count: 2, SasBlobToken: '' } });
});

it('a rerun registers and starts a job over the error file, once for one key', async () => {
  const { jobId } = await assigned();
  await end(jobId, finished);
  const made = ok(await rerun(jobId, again(), 'k1'));
  expect(made.outcome).toBe('created');
  expect((await taken()).assignment).toMatchObject({
    jobId: made.jobId,
    inputs: { input1: { name: 'outputs/scored.csv.errors.csv', reads: 'row-errors' } },
    errors: { name: 'outputs/again.csv.errors.csv' },
  });
  expect(ok(await rerun(jobId, again(), 'k1'))).toEqual({ ...made, outcome: 'replayed' });
  // The same body under the same key, but a registration: another wish.
  expect(await registerJob(world.app, world.service, again(), 'k1')).toMatchObject({ status: 409 });
});

it('a rerun reads a corrected copy where one is named, and needs one when the SAS has expired', async () => {
  const { jobId } = await assigned();
  await end(jobId, finished);
  await world.clock.advance(limits.resultSasMs);
  expect(await rerun(jobId, again())).toMatchObject({
    details: [
      {
        code: 'BatchJobInputsNotSpecified',
        message: expect.stringContaining('(outputs/scored.csv.errors.csv) in Input'),
      },
    ],
  });
  world.blobs.put({ endpoint, container: 'inputs', name: 'fixed.csv' }, 'file,...');
  [vmId = ''] = await bootAll(world, poolId);
  const Input = { ConnectionString: connectionString(world), RelativeLocation: 'inputs/fixed.csv' };
  const made = ok(await rerun(jobId, { ...again(), Input }));
  expect((await job(world, made.jobId))?.inputs).toHaveProperty('input1');
});

it('a job that runs, or has no rows at fault, has no rerun', async () => {
  const { jobId } = await assigned();
  expect(await rerun(jobId, again())).toMatchObject({
    details: [{ code: 'CannotRerunJob', message: expect.stringContaining('has not ended') }],
  });
  await end(jobId, { kind: 'finished', rows: 1 });
  expect(await rerun(jobId, again())).toMatchObject({
    details: [{ message: expect.stringContaining('no rows to score once more') }],
  });
});

it('beats tell the speed and the end that is to be expected, of this attempt', async () => {
  const { jobId, assignment } = await assigned();
  const pin = assignment.inputs['input1']?.bytes ?? 0;
  expect(await statusOf(jobId)).toMatchObject({
    RowsDone: 0,
    RowsTotal: null,
    RowsPerSecond: null,
    ExpectedEndTime: null,
  });
  const startMs = world.clock.now();
  await world.clock.advance(2_000);
  const done = { jobId, attempt: 1, rowsDone: 1_000, bytesDone: pin / 4 };
  await takeBeat(world.app, vmId, { nonce: nonceOf(vmId), job: done });
  await world.clock.advance(limits.glanceMs + 1);
  expect(await statusOf(jobId)).toMatchObject({
    RowsDone: 1_000,
    RowsTotal: 4_000,
    RowsPerSecond: 500,
    ExpectedEndTime: new Date(startMs + 8_000).toISOString(),
  });
  // An older one that comes late takes nothing back.
  await takeBeat(world.app, vmId, { nonce: nonceOf(vmId), job: { ...done, rowsDone: 1, bytesDone: 1 } });
  await world.clock.advance(limits.glanceMs + 1);
  expect(await statusOf(jobId)).toMatchObject({ RowsDone: 1_000, RowsTotal: 4_000 });
});
