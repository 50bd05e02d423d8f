/** In peace nobody waits for the timer: a job that waits and a VM that is free meet at once. */
import { classicTag } from '../../../shared/core/ids.ts';
import type { Pool } from '../../../shared/core/pool.ts';
import type { Vm } from '../../../shared/core/vm.ts';
import { tables } from '../../../shared/storage/row-places.ts';
import type { Mix } from '../mix.ts';
import type { Change } from '../shadow.ts';
import type { MakeCheck } from './check.ts';

/** Long enough for a few calls. */
const soonMs = 20_000;

export const promptness: MakeCheck = ({ storage, violations, scheduler, mix }) => {
  if (!isPeaceful(mix)) return {};
  /** Since when a VM is free and a job waits, by pool. */
  const since = new Map<string, number>();
  const look = (pk: string) => {
    const rows = storage.shadow.rows(tables.pools, pk);
    const pool = rows.get('m') as Pool | undefined;
    let isFree = false;
    let waits = false;
    for (const [rk, row] of rows) {
      if (rk.startsWith('vm|') && takesWork(row as Vm)) isFree = true;
      if (rk.startsWith('wait|')) waits = true;
    }
    return isFree && waits && pool?.kind === 'active' && pool.hold === undefined;
  };
  storage.onCommit(({ table, pk, changes, atMs }) => {
    if (table !== tables.pools || pk === classicTag) return;
    if (!changes.some(mayMatter)) return;
    if (!look(pk)) {
      since.delete(pk);
      return;
    }
    if (since.has(pk)) return;
    since.set(pk, atMs);
    scheduler.after(soonMs, () => {
      if (since.get(pk) === atMs)
        violations.add(
          'prompt',
          `in pool ${pk} a VM has been free and a job has waited for ${soonMs / 1_000} s`,
          [pk],
        );
    });
  });
  return {};
};

/** Anything but a beat. */
function mayMatter({ kind, before, after }: Change): boolean {
  if (kind === 'vm') return takesWork(before) !== takesWork(after);
  return kind === 'wait' || kind === 'pool';
}

/** One whose lease is in doubt gets nothing new. */
function takesWork(vm: Vm | undefined): boolean {
  return vm?.kind === 'idle' && vm.suspectMs === undefined;
}

function isPeaceful({
  fault,
  dispatch,
  stormEveryMs,
  stallEveryMs,
  throttleEveryMs,
  crashEveryMs,
  pauseEveryMs,
  netLoss,
}: Mix): boolean {
  const events = [stormEveryMs, stallEveryMs, throttleEveryMs, crashEveryMs, pauseEveryMs];
  return dispatch === 'at-once' && fault === 0 && netLoss === 0 && events.every((ms) => ms === undefined);
}
