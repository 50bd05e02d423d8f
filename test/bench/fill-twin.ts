/**
 * A pool on the twin with a queue and a history of any length, written below the use cases: a million rows in seconds.
 */
import { finishJob } from '../../shared/app/finish.ts';
import { openSpec, sealSpec } from '../../shared/app/job-spec.ts';
import type { Kind, Rows } from '../../shared/app/ports.ts';
import { tick } from '../../shared/app/tick.ts';
import { makeJobId, tagOf, type Tag } from '../../shared/core/ids.ts';
import type { Queued } from '../../shared/core/job.ts';
import { isLiving, isWorking } from '../../shared/core/vm.ts';
import { encode } from '../../shared/storage/codec.ts';
import { tables } from '../../shared/storage/row-places.ts';
import type { Op } from '../../shared/storage/table.ts';
import { bootAll, makePool, makeWorld, nonceOf, registered, type World } from '../app/world.ts';

export type Crowd = {
  readonly world: World;
  readonly poolId: string;
  readonly vmId: string;
  /** Ids of the waiting jobs, first come first. */
  readonly waiting: readonly string[];
  /** Ends the VM's job, if it has one; nothing is dispatched then. */
  free(): Promise<void>;
};

const batchRows = 99;
const writer = '0'.repeat(32);

/**
 * One VM, `waiting` started jobs in its queue and `finished` ones of the past; only the timer dispatches. The finished
 * ones lie at their own keys with a content that no reader accepts: whoever looks at one of them fails.
 */
export async function makeCrowd(waiting: number, finished: number): Promise<Crowd> {
  const world = await makeWorld({ config: { dispatch: 'timer' } });
  const { poolId } = await makePool(world, 1);
  await tick(world.app);
  const [vmId = ''] = await bootAll(world, poolId);
  const jobs = await addWaiting(world, poolId, waiting);
  await addFinished(world, tagOf(poolId), finished);
  const free = async () => {
    const vm = (await world.app.store.get('vm', { vmId }))?.row;
    if (vm === undefined || !isLiving(vm) || !isWorking(vm)) return;
    const { jobId, attempt } = vm.job;
    const outcome = { kind: 'finished', rows: 1 } as const;
    await finishJob(world.app, vmId, { nonce: nonceOf(vmId), jobId, attempt, outcome });
  };
  return { world, poolId, vmId, waiting: jobs, free };
}

async function addWaiting(world: World, poolId: string, count: number): Promise<string[]> {
  const modelId = await registered(world, poolId);
  const [model, specRow] = await Promise.all([
    world.app.store.get('job', { jobId: modelId }),
    world.app.store.get('spec', { jobId: modelId }),
  ]);
  if (model?.row.kind !== 'registered' || specRow === undefined) throw new Error('the model job is missing');
  const { kind: _, ...common } = model.row;
  const { subscriptionId, lane } = common;
  const spec = openSpec(world.app, subscriptionId, specRow.row);
  const tag = tagOf(poolId);
  const nowMs = world.clock.now();
  const rows: Op[] = [];
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const jobId = makeJobId(tag, nowMs, n.toString(16).padStart(9, '0'));
    const startedMs = nowMs - count + n;
    const inputs = { input1: { etag: '"1"', bytes: 8 } };
    const sealed = sealSpec(world.app, subscriptionId, jobId, spec);
    if (sealed.kind === 'refused') throw new Error(sealed.message);
    const job: Queued = { ...common, kind: 'queued', jobId, startedMs, inputs };
    rows.push(
      created('job', job),
      created('wait', { poolId, lane, startedMs, jobId, subscriptionId }),
      created('spec', sealed.row),
    );
    ids.push(jobId);
  }
  await write(world, tag, rows);
  return ids;
}

async function addFinished(world: World, tag: Tag, count: number): Promise<void> {
  const longAgoMs = world.clock.now() - 86_400_000;
  const properties = { v: 1, op: writer, body: '{"kind":"finished"}' };
  const rows = Array.from({ length: count }, (_, n): Op => {
    const jobId = makeJobId(tag, longAgoMs - n, n.toString(16).padStart(9, '0'));
    return { do: 'create', rk: `job|${jobId}`, properties };
  });
  await write(world, tag, rows);
}

function created<K extends Kind>(kind: K, row: Rows[K]): Op {
  const { place, properties } = encode(kind, row, writer);
  return { do: 'create', rk: place.rk, properties };
}

async function write(world: World, tag: Tag, rows: readonly Op[]): Promise<void> {
  for (let at = 0; at < rows.length; at += batchRows) {
    const done = await world.table.transact(tables.pools, tag, rows.slice(at, at + batchRows));
    if (done.kind === 'conflict') throw new Error(`the crowd does not fit: ${done.why}`);
  }
}
