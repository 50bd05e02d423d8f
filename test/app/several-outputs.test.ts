/** A web service with several outputs: each named or not, each in a place of its own, each in the results. */
import { beforeEach, expect, it } from 'vitest';
import { finishJob } from '../../shared/app/finish.ts';
import { registerJob } from '../../shared/app/register.ts';
import { startJob } from '../../shared/app/start.ts';
import { jobStatus } from '../../shared/app/status.ts';
import { next } from '../../shared/app/vm-calls.ts';
import { limits } from '../../shared/core/limits.ts';
import type { JobBody } from '../../shared/core/job-request.ts';
import type { Service } from '../../shared/core/service.ts';
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
  type World,
} from './world.ts';

let world: World;
let service: Service;

beforeEach(async () => {
  world = await makeWorld();
  const stored = await world.app.store.get('service', world.service);
  if (stored === undefined) throw new Error('no service');
  service = { ...stored.row, outputs: ['scored', 'copy', 'constructor'] };
  await world.app.store.commit([{ do: 'replace', kind: 'service', row: service, etag: stored.etag }]);
  world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  world.blobs.addAccount('https://other.blob.core.windows.net', 'other', ['elsewhere']);
});

const bySas = (name: string, container = 'elsewhere') => ({
  BaseLocation: 'https://other.blob.core.windows.net/',
  RelativeLocation: `${container}/${name}`,
  SasBlobToken: world.blobs.sas(
    { endpoint: 'https://other.blob.core.windows.net', container, name },
    'rcw',
    4_000_000_000_000,
  ),
});

async function registered(poolId: string, Outputs: JobBody['Outputs']): Promise<string> {
  return ok(await registerJob(world.app, service, { ...jobBody(world, poolId), Outputs })).jobId;
}

it('each goes to its place, in one order at every attempt, and all are in the results', async () => {
  const { poolId } = await makePool(world, 1);
  const [vmId = ''] = await bootAll(world, poolId);
  const ConnectionString = connectionString(world);
  const jobId = await registered(poolId, {
    scored: { ConnectionString, RelativeLocation: 'outputs/a b.csv' },
    copy: bySas('b.csv'),
  });
  ok(await startJob(world.app, service, jobId));
  const nonce = nonceOf(vmId);
  const work = await next(world.app, vmId, nonce);
  if (work.kind !== 'work') throw new Error('no work');
  const { outputs, attempt } = work.assignment;
  expect(Object.entries(outputs).map(([name, handle]) => [name, handle.name])).toEqual([
    ['constructor', expect.stringMatching(`^millpond-results/\\d{6}/${jobId}/constructor\\.csv$`)],
    ['scored', 'outputs/a b.csv'],
    ['copy', 'elsewhere/b.csv'],
  ]);
  const again = await next(world.app, vmId, nonce);
  expect(again.kind === 'work' && Object.keys(again.assignment.outputs)).toEqual(Object.keys(outputs));
  await finishJob(world.app, vmId, { nonce, jobId, attempt, outcome: { kind: 'finished', rows: 1 } });
  const status = ok(await jobStatus(world.app, service, jobId));
  expect(status.results).toMatchObject({
    scored: { baseLocation: `${endpoint}/`, relativeLocation: 'outputs/a%20b.csv' },
    copy: { baseLocation: 'https://other.blob.core.windows.net/', relativeLocation: 'elsewhere/b.csv' },
    constructor: {
      relativeLocation: expect.stringMatching(`^millpond-results/\\d{6}/${jobId}/constructor\\.csv$`),
    },
  });
});

it('a container that is missing is named with its output, and the job is failed', async () => {
  const { poolId } = await makePool(world, 0);
  const jobId = await registered(poolId, { scored: bySas('a.csv'), copy: bySas('b.csv', 'nowhere') });
  const refused = await startJob(world.app, service, jobId);
  expect(refused).toMatchObject({ details: [{ code: 'ContainerValidationFailed' }] });
  expect(await job(world, jobId)).toMatchObject({
    kind: 'failed',
    reason: expect.stringContaining('container of output "copy" does not exist: "nowhere"'),
  });
});

it('as many as a service may have, with names as long as can be, fit into the row of the finished job', async () => {
  const names = Array.from({ length: limits.outputsMax }, (_, n) => `output${n}`);
  service = { ...service, outputs: names };
  const { poolId } = await makePool(world, 1);
  const [vmId = ''] = await bootAll(world, poolId);
  const ConnectionString = connectionString(world);
  // Percent-encoded, each of these letters is six characters.
  const name = 'é'.repeat(Math.floor((limits.resultsCharsMax / names.length - 600) / 6));
  const Outputs = Object.fromEntries(
    names.map((output, n) => [output, { ConnectionString, RelativeLocation: `outputs/${n}${name}.csv` }]),
  );
  const jobId = await registered(poolId, Outputs);
  ok(await startJob(world.app, service, jobId));
  const nonce = nonceOf(vmId);
  await next(world.app, vmId, nonce);
  await finishJob(world.app, vmId, { nonce, jobId, attempt: 1, outcome: { kind: 'finished', rows: 1 } });
  expect(await job(world, jobId)).toMatchObject({ kind: 'finished' });
});
