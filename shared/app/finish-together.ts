/** Jobs of one pool that end at the same moment: their ends, their VMs' freedom and the queue's head in one transaction, in order. */
import { classicTag, tagOf, type Tag } from '../core/ids.ts';
import { assign, type Running } from '../core/job.ts';
import type { Busy, Idle, Stopping, Working } from '../core/vm.ts';
import { occupied, recallQueued } from './dispatch.ts';
import { recallPool } from './pool-of-tag.ts';
import type { App, Stored, Write } from './ports.ts';

/** One VM at the end of its job. */
export type Ending = {
  readonly vm: Stored<'vm'> & { readonly row: Working };
  /** What it is without a next job. */
  readonly freed: Idle | Stopping;
  /** The writes of the job's end. */
  readonly writes: readonly Write[];
};
/** What the VM is after its job's end, and the job that it has been given in the same transaction. */
export type Left = { readonly vm: Idle | Busy | Stopping; readonly next?: Running };

type Next = { readonly vm: Busy; readonly job: Running; readonly writes: readonly Write[] };

/** `conflict` when a row has changed: of any of those who came together, since they are one transaction. */
export function commitEnding(app: App, ending: Ending): Promise<Left | 'conflict'> {
  const tag = tagOf(ending.vm.row.vmId);
  return app.together(`finish|${tag}`, ending, (endings) => commitEndings(app, tag, endings));
}

async function commitEndings(
  app: App,
  tag: Tag,
  all: readonly Ending[],
): Promise<readonly (Left | 'conflict')[]> {
  // A call that its sender has repeated meanwhile ends the same job again: it looks at what the first has done.
  const endings = new Map(all.toReversed().map((ending) => [ending.vm.row.vmId, ending]));
  const first = all.filter((ending) => endings.get(ending.vm.row.vmId) === ending);
  const following = await takeNext(
    app,
    tag,
    first.flatMap(({ freed }) => (freed.kind === 'idle' ? [freed] : [])),
  );
  // A job that ends here and waits there has been taken from its VM meanwhile.
  const waiting = new Set([...following.values()].map(({ job }) => job.jobId));
  if (first.some(({ vm }) => waiting.has(vm.row.job.jobId))) return all.map(() => 'conflict');
  const done = await app.store.commit(
    first.flatMap(({ vm, freed, writes }): Write[] => {
      const next = following.get(vm.row.vmId);
      const row = next?.vm ?? freed;
      return [...writes, { do: 'replace', kind: 'vm', row, etag: vm.etag }, ...(next?.writes ?? [])];
    }),
  );
  return all.map((ending) => {
    if (done.kind === 'conflict' || !first.includes(ending)) return 'conflict';
    const next = following.get(ending.vm.row.vmId);
    return next === undefined ? { vm: ending.freed } : { vm: next.vm, next: next.job };
  });
}

/** The head of the queue, for VMs that are free now. Whatever does not fit is left to dispatch. */
async function takeNext(app: App, tag: Tag, vms: readonly Idle[]): Promise<ReadonlyMap<string, Next>> {
  const taken = new Map<string, Next>();
  const [first] = vms;
  // Classic lanes are served in one order by dispatch, which sees them all.
  if (first === undefined || app.config.dispatch === 'timer' || tag === classicTag) return taken;
  const [head, pool] = await Promise.all([
    app.store.list({ of: 'queue', tag }, { limit: vms.length }),
    recallPool(app, first.poolId),
  ]);
  if (pool?.row.kind !== 'active' || pool.row.hold !== undefined) return taken;
  const waits = head.rows.map((stored) => stored.row);
  const jobs = await Promise.all(waits.map((wait) => recallQueued(app, wait.jobId)));
  const nowMs = app.clock.now();
  for (const [index, wait] of waits.entries()) {
    const [job, vm] = [jobs[index], vms[index]];
    // Behind a stray row nothing is taken: what waits is served in its order.
    if (vm === undefined || job?.row.kind !== 'queued' || job.row.startedMs !== wait.startedMs) break;
    const running = assign(job.row, vm.vmId, nowMs);
    taken.set(vm.vmId, {
      vm: occupied(vm, wait, running.attempt, nowMs),
      job: running,
      writes: [
        { do: 'remove', kind: 'wait', key: wait },
        { do: 'replace', kind: 'job', row: running, etag: job.etag },
      ],
    });
  }
  return taken;
}
