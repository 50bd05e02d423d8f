/**
 * In peace everything comes to its end: pools have what was wished for, deleted ones have nothing, no row is left over.
 */
import { isFinal, type Job } from '../../../shared/core/job.ts';
import { classicTag } from '../../../shared/core/ids.ts';
import type { Live, Pool } from '../../../shared/core/pool.ts';
import type { Vm } from '../../../shared/core/vm.ts';
import { tables } from '../../../shared/storage/row-places.ts';
import type { MakeCheck, Rest } from './check.ts';
import type { World } from '../simulate.ts';

/** Ticks are up to a quarter of an hour apart. */
const slackMs = 1_800_000;

export const restsInPeace: MakeCheck = (world) => ({
  atRest(rest) {
    if (rest === 'aged') return;
    const { storage, violations } = world;
    const bad = (text: string, ids: readonly string[]) => violations.add('at-rest', text, ids);
    const live = storage.shadow.rows(tables.live, '0') as ReadonlyMap<string, Live>;
    for (const tag of storage.shadow.partitions(tables.pools)) {
      if (!live.has(tag)) bad(`pool ${tag} has rows and is not looked after`, [tag]);
      checkPool(world, tag, rest, bad);
    }
    for (const [tag, row] of live) {
      const pool = storage.shadow.get('pool', tag, 'm');
      if (pool === undefined) bad(`pool ${tag} is looked after and does not exist`, [tag]);
      else if (pool.kind === 'deleted' && row.dueMs < world.scheduler.nowMs - slackMs)
        bad(`the deleted pool ${tag} is due and nobody looks at it`, [tag]);
    }
    const processes = world.machines.running.size;
    if (rest === 'left' && processes > world.config.classicVms)
      bad(`${processes} machines run on`, [...world.machines.running.keys()]);
  },
});

function checkPool(
  { storage, scheduler, machines, facts }: World,
  tag: string,
  rest: Rest,
  bad: (text: string, ids: readonly string[]) => void,
): void {
  const rows = storage.shadow.rows(tables.pools, tag);
  const pool = rows.get('m') as Pool | undefined;
  if (pool === undefined) return bad(`pool ${tag} has rows and no row of its own`, [tag]);
  let up = 0;
  for (const [rk, row] of rows) {
    const [head] = rk.split('|', 1);
    if (head === 'use' && scheduler.nowMs - (row as { toMs: number }).toMs > 3_600_000)
      bad(`${rk} was never posted`, [tag]);
    if (head === 'vm' && (row as Vm).kind === 'stopped') bad(`${rk} is stopped and stays`, [rk.slice(3)]);
    if (head === 'vm') up += 1;
    if (head === 'vm' && pool.kind !== 'active')
      bad(`${rk} is left in a pool that is ${pool.kind}`, [tag, rk.slice(3)]);
    if (head === 'vm' && !machines.running.has(rk.slice(3)) && (row as Vm).kind !== 'provisioning')
      bad(`${rk} is ${(row as Vm).kind} and has no machine`, [rk.slice(3)]);
    if (rest === 'left' && (head === 'wait' || head === 'slot')) bad(`${rk} is left`, [tag]);
    if (
      rest === 'left' &&
      head === 'job' &&
      pool.kind === 'deleted' &&
      !isFinal(row as Job) &&
      (row as Job).kind !== 'registered'
    )
      bad(`${rk} is ${(row as Job).kind} in a deleted pool`, [tag]);
  }
  for (const vmId of machines.running.keys())
    if (vmId.startsWith(tag) && !rows.has(`vm|${vmId}`)) bad(`machine ${vmId} runs and has no row`, [vmId]);
  if (rest === 'left' && tag !== classicTag && pool.kind !== 'deleted')
    bad(`pool ${tag} is ${pool.kind} after its deletion: ${JSON.stringify(pool)}`, [tag]);
  if (
    rest === 'drained' &&
    pool.kind === 'active' &&
    tag !== classicTag &&
    pool.hold === undefined &&
    scheduler.nowMs - (facts.heldMs.get(tag) ?? 0) > slackMs &&
    up !== pool.wish.vmCount
  )
    bad(`pool ${tag} has ${up} VMs, and ${pool.wish.vmCount} are wished for`, [tag]);
}
