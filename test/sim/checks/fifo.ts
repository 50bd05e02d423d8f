/** Within a lane who was started first is given a VM first: exact but for what was under way at the same moment. */
import type { Wait } from '../../../shared/core/dispatch.ts';
import { tables } from '../../../shared/storage/row-places.ts';
import type { MakeCheck } from './check.ts';

/** A pass of dispatch that began before a job was queued may overtake it, for as long as a request may last. */
const underWayMs = 120_000;

export const fifo: MakeCheck = ({ storage, violations, facts }) => {
  /** When a place in the queue was taken, by row key, in each partition. */
  const queued = new Map<string, Map<string, number>>();
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
      if (change.after !== undefined) places.set(keyOf(change.after), atMs);
      else if (change.before !== undefined) {
        places.delete(keyOf(change.before));
        left.push(change.before);
      }
    }
    if (!given) return;
    for (const wait of left) {
      for (const [key, sinceMs] of queued.get(pk) ?? []) {
        if (!key.startsWith(`${wait.lane}|`) || key >= keyOf(wait)) continue;
        if (atMs - Math.max(sinceMs, facts.lastDisturbedMs) < underWayMs) continue;
        violations.add('fifo', `job ${wait.jobId} was given a VM before ${key}, which has waited longer`, [
          wait.jobId,
          key.slice(-32),
        ]);
      }
    }
  });
  return {};
};

function keyOf({ lane, startedMs, jobId }: Wait): string {
  return `${lane}|${String(startedMs).padStart(15, '0')}|${jobId}`;
}
