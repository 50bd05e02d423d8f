/** Jobs per second through the use cases on Azurite, beside what Azurite makes of their three writes alone. */
import { randomBytes } from 'node:crypto';
import { registerJob } from '../../shared/app/register.ts';
import { startJob } from '../../shared/app/start.ts';
import { finishJob } from '../../shared/app/finish.ts';
import { next } from '../../shared/app/vm-calls.ts';
import { tick } from '../../shared/app/tick.ts';
import { tables } from '../../shared/storage/row-places.ts';
import type { AzureTable } from '../../shared/storage/azure-table.ts';
import type { Op, Properties } from '../../shared/storage/table.ts';
import { startAzurite } from '../fixtures/azurite.ts';
import { bootAll, endpoint, jobBody, makePool, nonceOf, ok, type World } from '../app/world.ts';
import { makeAzuriteWorld } from './azurite-world.ts';
import { atLeast, median, type Measure } from './measures.ts';

const vms = 8;
const starters = 8;

/** Limit, use cases, limit again, and so on: what the machine does meanwhile falls on both. */
export async function benchThroughput(options: { jobs: number; rounds: number }): Promise<Measure[]> {
  const azurite = await startAzurite();
  try {
    const world = await makeAzuriteWorld(azurite.connectionString);
    world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
    const { poolId } = await makePool(world, vms);
    await tick(world.app);
    const vmIds = await bootAll(world, poolId);
    if (vmIds.length !== vms) throw new Error(`${vmIds.length} VMs came up`);
    const crew = makeCrew(world, vmIds);
    await throughUseCases(world, poolId, crew, vms);
    const limits: number[] = [];
    const reached: number[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      limits.push(await throughStore(world.azure, options.jobs));
      reached.push(await throughUseCases(world, poolId, crew, options.jobs));
    }
    await crew.dismiss();
    return measuresOf(
      median(reached),
      median(limits),
      reached.map((rate, at) => (100 * rate) / (limits[at] ?? 1)),
    );
  } finally {
    await azurite.stop();
  }
}

function measuresOf(reached: number, limit: number, shares: readonly number[]): Measure[] {
  const share = median(shares);
  return [
    {
      id: 'store-limit',
      what: 'jobs/s that the store allows: their three write transactions alone',
      value: limit,
      unit: 'jobs/s',
    },
    {
      id: 'throughput',
      what: `jobs/s through the use cases, ${vms} VMs, register to finish`,
      value: reached,
      unit: 'jobs/s',
    },
    {
      id: 'throughput-share',
      what: '  as a share of the limit',
      value: share,
      unit: '%',
      target: atLeast(share, 60, '%', 'timed', shareBasis),
    },
  ];
}

const shareBasis =
  'Asked for: 60 %. Measured on 2 shared cores: 67 to 86 %, with one read a job beside its writes. As many callers as VMs, so that the queue does not run dry. The limit is that of 16 writers on partitions of their own, with rows of about the same size.';

/** The pool's VMs, each asking, finishing and being handed the next, until they are dismissed. */
type Crew = { finish(jobs: number): Promise<void>; dismiss(): Promise<void> };

function makeCrew(world: World, vmIds: readonly string[]): Crew {
  let open = 0;
  let done: (() => void) | undefined;
  const dismissal = new AbortController();
  const work = async (vmId: string) => {
    const nonce = nonceOf(vmId);
    let reply = await next(world.app, vmId, nonce);
    while (reply.kind !== 'stop' && !dismissal.signal.aborted) {
      if (reply.kind === 'wait') {
        reply = await next(world.app, vmId, nonce);
        continue;
      }
      const { jobId, attempt } = reply.assignment;
      const outcome = { kind: 'finished', rows: 1 } as const;
      reply = await finishJob(world.app, vmId, { nonce, jobId, attempt, outcome });
      open -= 1;
      if (open === 0) done?.();
    }
  };
  const working = Promise.all(vmIds.map(work));
  return {
    finish: (jobs) =>
      new Promise((resolve) => {
        open = jobs;
        done = resolve;
      }),
    dismiss: async () => {
      dismissal.abort();
      await working;
    },
  };
}

/** Jobs per second from the first registration to the last end. */
async function throughUseCases(world: World, poolId: string, crew: Crew, jobs: number): Promise<number> {
  let left = jobs;
  const beganMs = performance.now();
  const finished = crew.finish(jobs);
  const callers = Array.from({ length: starters }, async () => {
    while (left > 0) {
      left -= 1;
      const { jobId } = ok(await registerJob(world.app, world.service, jobBody(world, poolId)));
      ok(await startJob(world.app, world.service, jobId));
    }
  });
  await Promise.all([...callers, finished]);
  return (1_000 * jobs) / (performance.now() - beganMs);
}

const jobBytes = 600;
const specBytes = 900;

/** The same three transactions, of rows as large, by as many writers as there are callers and VMs. */
async function throughStore(table: AzureTable, jobs: number): Promise<number> {
  let left = jobs;
  const beganMs = performance.now();
  await Promise.all(
    Array.from({ length: starters + vms }, async () => {
      const writer = await makeWriter(table);
      while (left > 0) {
        left -= 1;
        await writer();
      }
    }),
  );
  return (1_000 * jobs) / (performance.now() - beganMs);
}

/** One job after the other, each handed to the writer's VM at the end of the one before. */
async function makeWriter(table: AzureTable): Promise<() => Promise<void>> {
  const pk = randomBytes(6).toString('hex');
  const write = async (ops: readonly Op[]) => {
    const done = await table.transact(tables.pools, pk, ops);
    if (done.kind === 'conflict') throw new Error(`the writer does not fit: ${done.why}`);
    return done.etags;
  };
  let [vmEtag = ''] = await write([{ do: 'create', rk: 'vm|1', properties: text(jobBytes) }]);
  let before: { job: string; etag: string; spec: string } | undefined;
  return async () => {
    const id = randomBytes(16).toString('hex');
    const [job, spec, wait] = [`job|${id}`, `spec|${id}`, `wait|0|${id}`];
    const [made = ''] = await write([
      { do: 'create', rk: job, properties: text(jobBytes) },
      { do: 'create', rk: spec, properties: { bytes: specBytes, s0: new Uint8Array(specBytes) } },
    ]);
    const [queued = ''] = await write([
      { do: 'replace', rk: job, properties: text(jobBytes), etag: made },
      { do: 'create', rk: wait, properties: text(200) },
    ]);
    const end: Op[] =
      before === undefined
        ? []
        : [
            { do: 'replace', rk: before.job, properties: text(jobBytes), etag: before.etag },
            { do: 'remove', rk: before.spec },
          ];
    const etags = await write([
      { do: 'replace', rk: 'vm|1', properties: text(jobBytes), etag: vmEtag },
      { do: 'remove', rk: wait },
      { do: 'replace', rk: job, properties: text(jobBytes), etag: queued },
      ...end,
    ]);
    vmEtag = etags[0] ?? '';
    before = { job, etag: etags[2] ?? '', spec };
  };
}

function text(bytes: number): Properties {
  return { v: 1, op: '0'.repeat(32), body: 'x'.repeat(bytes) };
}
