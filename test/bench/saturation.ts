/** What one job costs the store while more jobs wait than VMs are there, counted on the twin: the beats come on top. */
import { finishJob } from '../../shared/app/finish.ts';
import { tick } from '../../shared/app/tick.ts';
import { next } from '../../shared/app/vm-calls.ts';
import { bootAll, makePool, makeWorld, nonceOf, started, type World } from '../app/world.ts';
import { exactly, type Measure } from './measures.ts';

const vms = 4;
const jobs = 200;

export async function benchSaturation(): Promise<Measure[]> {
  const world = await makeWorld();
  const { poolId } = await makePool(world, vms);
  await tick(world.app);
  const vmIds = await bootAll(world, poolId);
  for (let n = 0; n < vms; n += 1) await started(world, poolId);
  const before = { ...world.table.counts };
  for (let n = 0; n < jobs; n += 1) {
    await world.clock.advance(1);
    await started(world, poolId);
  }
  const queued = { ...world.table.counts };
  await finishSome(world, vmIds, jobs);
  const after = world.table.counts;
  const transactions = (after.transactions - before.transactions) / jobs;
  const perJob = (id: string, what: string, value: number): Measure => ({ id, what, value, unit: 'per job' });
  return [
    {
      ...perJob('writes-per-job', 'write transactions per job, register to finish', transactions),
      target: exactly(
        transactions,
        3,
        'Register, start, and finish with the next job in one: the floor of the design.',
      ),
    },
    perJob('rows-written-per-job', '  rows written', (after.rowsWritten - before.rowsWritten) / jobs),
    perJob('reads-per-job', '  reads (point reads and ranges)', readsOf(after, before) / jobs),
    perJob('rows-read-per-job', '  rows read', (after.rowsRead - before.rowsRead) / jobs),
    perJob('reads-of-start', '  reads of register and start alone', readsOf(queued, before) / jobs),
    perJob('conflicts-per-job', '  conflicts', (after.conflicts - before.conflicts) / jobs),
  ];
}

type Reads = { readonly gets: number; readonly queries: number };

function readsOf(after: Reads, before: Reads): number {
  return after.gets + after.queries - before.gets - before.queries;
}

/** So many jobs come to their end, each by one VM after the other, and each VM has another one then. */
async function finishSome(world: World, vmIds: readonly string[], count: number): Promise<void> {
  const work = new Map<string, { jobId: string; attempt: number }>();
  for (const vmId of vmIds) {
    const reply = await next(world.app, vmId, nonceOf(vmId));
    if (reply.kind === 'work') work.set(vmId, reply.assignment);
  }
  // Asking has cost reads only; what is counted as a job's are its end and the answer with the next.
  for (let n = 0; n < count; n += 1) {
    const vmId = vmIds[n % vmIds.length] ?? '';
    const job = work.get(vmId);
    if (job === undefined) throw new Error('a VM has run out of work');
    const { jobId, attempt } = job;
    const outcome = { kind: 'finished', rows: 1 } as const;
    const reply = await finishJob(world.app, vmId, { nonce: nonceOf(vmId), jobId, attempt, outcome });
    if (reply.kind !== 'work') throw new Error('the queue has run dry');
    work.set(vmId, reply.assignment);
  }
}
