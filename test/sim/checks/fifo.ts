/** Within a lane who was started first is given a VM first: exact but for what was under way at the same moment. */
import type { Wait } from '../../../shared/core/dispatch.ts';
import { tables } from '../../../shared/storage/row-places.ts';
import type { MakeCheck } from './check.ts';

/** A pass of dispatch that began before a job was queued may overtake it, for as long as a request may last. */
const underWayMs = 120_000;

export const fifo: MakeCheck = ({ storage, violations, facts }) => {
  /** Who waits in each partition, and since when. */
  const queued = new Map<string, Map<string, { readonly wait: Wait; readonly sinceMs: number }>>();
  storage.onCommit(({ table, pk, changes, atMs }) => {
    if (table !== tables.pools) return;
    const left: Wait[] = [];
    let given = false;
    for (const change of changes) {
      if (change.kind === 'vm' && change.after?.kind === 'busy' && change.before?.kind !== 'busy')
        given = true;
      if (change.kind === 'job' && change.after?.kind === 'running') given = true;
      if (change.kind !== 'wait') continue;
      let places = queued.get(pk);
      if (places === undefined) queued.set(pk, (places = new Map()));
      if (change.after !== undefined) places.set(change.after.jobId, { wait: change.after, sinceMs: atMs });
      else if (change.before !== undefined) {
        places.delete(change.before.jobId);
        left.push(change.before);
      }
    }
    if (!given) return;
    for (const wait of left) {
      for (const { wait: other, sinceMs } of queued.get(pk)?.values() ?? []) {
        if (!isBefore(other, wait)) continue;
        if (atMs - Math.max(sinceMs, facts.lastDisturbedMs) < underWayMs) continue;
        violations.add(
          'fifo',
          `job ${wait.jobId} was given a VM before ${other.jobId}, which has waited longer`,
          [wait.jobId, other.jobId],
        );
      }
    }
  });
  return {};
};

function isBefore(one: Wait, other: Wait): boolean {
  if (one.lane !== other.lane) return false;
  return one.startedMs === other.startedMs ? one.jobId < other.jobId : one.startedMs < other.startedMs;
}
