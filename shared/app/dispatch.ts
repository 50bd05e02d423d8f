/** Dispatch: the head of a pool's queue meets its idle VMs. Runs after every commit that adds a job or frees a VM, and in the tick. */
import { pair, type Pairing, type Wait } from '../core/dispatch.ts';
import { classicTag, type Tag } from '../core/ids.ts';
import { assign, isFinal } from '../core/job.ts';
import { limits } from '../core/limits.ts';
import { occupy, type Idle } from '../core/vm.ts';
import { cancelForDeletedPool } from './cancel.ts';
import { poolOfTag } from './pool-of-tag.ts';
import { idle, readHead, type Head } from './queue-head.ts';
import type { App, Stored, Write } from './ports.ts';

/** Conflicting passes before it leaves the rest to the next run. */
const passesMax = 20;

/**
 * Assigns until no VM is free or no job waits. Safe when two instances do it at once: a job's wait row has one winner.
 * @param known a job as its own start has just written it, which the first pass need not read again
 */
export async function dispatch(app: App, tag: Tag, known?: Stored<'job'>): Promise<void> {
  const mostMax = tag === classicTag ? limits.dispatchClassicJobsMax : limits.dispatchJobsMax;
  let most: number = mostMax;
  let fresh = known;
  app.memory.forget(noneFree(tag));
  for (let pass = 0; pass < passesMax; pass += 1) {
    // Most runs find nothing that waits, and need no pool; a start knows that something does.
    const [head, early] = await Promise.all([readHead(app, tag), fresh && poolOfTag(app, tag)]);
    if (idle(head.vms) === 0) app.memory.note(noneFree(tag), limits.watchMs);
    if (head.queue.length === 0) return;
    const pool = early ?? (await poolOfTag(app, tag));
    if (pool === undefined) return;
    // Also of a pool that was on hold when it was deleted: nothing lifts that any more.
    if (pool.row.kind !== 'active') {
      await cancelQueued(app, head.queue);
      continue;
    }
    if (pool.row.hold !== undefined) return;
    const rows = head.vms.map((stored) => stored.row);
    const room = head.places && new Map([...head.places].map(([lane, free]) => [lane, free.length]));
    const waits = head.queue.map((stored) => stored.row);
    const pairs = pair(rows, waits, most, room);
    if (pairs.length === 0) return;
    const outcome = await commitPairs(app, pairs, head, fresh);
    fresh = undefined;
    // No further look: whoever frees a VM or adds a job meanwhile dispatches after its own commit.
    if (outcome === 'done' && isWorkedOff(tag, head, pairs.length)) return;
    most = outcome === 'conflict' ? Math.max(1, Math.floor(pairs.length / 2)) : mostMax;
  }
}

/** What is noted of a pool whose VMs were all at work a moment ago. */
export function noneFree(tag: Tag): string {
  return `none-free|${tag}`;
}

/** No VM is left, or no job: a pool's head that has fewer jobs than VMs is its whole queue, a classic one may be a part. */
function isWorkedOff(tag: Tag, head: Head, paired: number): boolean {
  return paired === idle(head.vms) || (tag !== classicTag && paired === head.queue.length);
}

async function commitPairs(
  app: App,
  pairs: readonly Pairing[],
  head: Head,
  fresh: Stored<'job'> | undefined,
): Promise<'done' | 'stray' | 'conflict'> {
  const etags = new Map(head.vms.map((stored) => [stored.row.vmId, stored.etag]));
  const jobs = await Promise.all(
    pairs.map(async ({ wait: { jobId } }) => (fresh?.row.jobId === jobId ? fresh : recallQueued(app, jobId))),
  );
  const nowMs = app.clock.now();
  const writes: Write[] = [];
  const taken: string[] = [];
  const places = new Map([...(head.places ?? [])].map(([lane, free]) => [lane, [...free]]));
  let stray = false;
  for (const [index, { vm, wait }] of pairs.entries()) {
    const job = jobs[index];
    const etag = etags.get(vm.vmId);
    if (etag === undefined) continue;
    if (job === undefined || job.row.kind !== 'queued' || job.row.startedMs !== wait.startedMs) {
      // The job has ended or moved since the page was read; a wait row that stays behind would block the queue for ever.
      await removeStray(app, wait, job);
      stray = true;
      continue;
    }
    const slot = places.get(wait.lane)?.shift();
    const running = assign(job.row, vm.vmId, nowMs, slot);
    writes.push(
      { do: 'remove', kind: 'wait', key: wait },
      { do: 'replace', kind: 'vm', row: occupied(vm, wait, running.attempt, nowMs), etag },
      { do: 'replace', kind: 'job', row: running, etag: job.etag },
    );
    if (slot !== undefined) {
      const { poolId, lane, jobId } = wait;
      writes.push({ do: 'create', kind: 'slot', row: { poolId, lane, place: slot, jobId } });
    }
    taken.push(vm.vmId);
  }
  if (writes.length === 0) return stray ? 'stray' : 'conflict';
  const done = await app.store.commit(writes);
  if (done.kind === 'conflict') return 'conflict';
  for (const vmId of taken) app.wakeups.notify(vmId);
  return stray ? 'stray' : 'done';
}

/** What says that it waits may be remembered, since its assignment is conditional; anything else is read. */
export function recallQueued(app: App, jobId: string): Promise<Stored<'job'> | undefined> {
  return app.store.recall('job', { jobId }, limits.recallMs, (job) => job.kind === 'queued');
}

/** A classic VM belongs from its first job on to one account. */
export function occupied(
  vm: Idle,
  wait: { jobId: string; subscriptionId: string },
  attempt: number,
  nowMs: number,
) {
  const owner = vm.vmId.startsWith(classicTag) ? wait.subscriptionId : undefined;
  return occupy(vm, { jobId: wait.jobId, attempt }, nowMs, owner);
}

async function cancelQueued(app: App, queue: readonly Stored<'wait'>[]): Promise<void> {
  for (const { row } of queue) {
    const job = await app.store.get('job', { jobId: row.jobId });
    if (job?.row.kind === 'queued') await cancelForDeletedPool(app, job.row);
    else await removeStray(app, row, job);
  }
}

/** Under the version of a job that is not final: one that comes back to its old place meanwhile has its row there again. */
async function removeStray(app: App, wait: Wait, job: Stored<'job'> | undefined): Promise<void> {
  const guard: Write[] =
    job === undefined || isFinal(job.row)
      ? []
      : [{ do: 'replace', kind: 'job', row: job.row, etag: job.etag }];
  await app.store.commit([...guard, { do: 'remove', kind: 'wait', key: wait }]);
}
