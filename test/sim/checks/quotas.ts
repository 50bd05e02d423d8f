/**
 * Pools and VMs never exceed what the account may have, nor classic jobs their running places; and the count is the
 * list.
 */
import { classicTag } from '../../../shared/core/ids.ts';
import type { Job } from '../../../shared/core/job.ts';
import type { Vm } from '../../../shared/core/vm.ts';
import { tables } from '../../../shared/storage/row-places.ts';
import type { World } from '../simulate.ts';
import type { MakeCheck } from './check.ts';

/** A pass that has read the quota writes by then, or is refused. */
const passMs = 15 * 60_000;

export const quotas: MakeCheck = (world) => {
  const { storage, violations, config } = world;
  const running = new Map<string, number>();
  /** VMs of each pool that have not stopped. */
  const living = new Map<string, number>();
  /** What each account may have had, the oldest first. */
  const allowed = new Map<string, { readonly atMs: number; readonly maxVms: number }[]>();
  const limitsOf = (pk: string) => {
    const known = allowed.get(pk) ?? [];
    allowed.set(pk, known);
    return known;
  };
  /** The most that a pass may have read that is still under way. */
  const maxVmsAt = (pk: string) => {
    const known = limitsOf(pk);
    while (known.length > 1 && known[1]!.atMs < storage.nowMs - passMs) known.shift();
    return Math.max(0, ...known.map(({ maxVms }) => maxVms));
  };
  storage.onCommit(({ table, pk, changes, atMs }) => {
    if (table === tables.accounts) {
      for (const change of changes) {
        if (change.kind !== 'account' || change.after === undefined) continue;
        limitsOf(pk).push({ atMs, maxVms: change.after.maxVmsPerPool });
        checkAccount(world, pk, change.after.pools > (change.before?.pools ?? 0));
      }
      return;
    }
    if (table !== tables.pools) return;
    let isGrown = false;
    for (const { kind, before, after } of changes) {
      if (kind !== 'vm') continue;
      const more = (isThere(after) ? 1 : 0) - (isThere(before) ? 1 : 0);
      if (more !== 0) living.set(pk, (living.get(pk) ?? 0) + more);
      if (before === undefined) isGrown = true;
    }
    if (isGrown) checkVms(world, pk, living.get(pk) ?? 0, maxVmsAt);
    if (pk !== classicTag) return;
    for (const change of changes) {
      if (change.kind !== 'job') continue;
      const { lane } = (change.after ?? change.before)!;
      const count = (running.get(lane) ?? 0) + runs(change.after) - runs(change.before);
      running.set(lane, count);
      if (count > config.classicRunningMax)
        violations.add(
          'running-cap',
          `${count} jobs of the endpoint ${lane} run, of at most ${config.classicRunningMax}`,
          [lane],
        );
    }
  });
  return {
    atRest(rest) {
      if (rest !== 'left') return;
      for (const pk of storage.shadow.partitions(tables.accounts)) {
        const pools = storage.shadow.get('account', pk, 'm')?.pools;
        if (pools !== 0) violations.add('quotas', `account ${pk} has no pool left and counts ${pools}`, [pk]);
      }
    },
  };
};

function checkAccount({ storage, violations }: World, pk: string, hasGrown: boolean): void {
  const account = storage.shadow.get('account', pk, 'm');
  if (account === undefined) return;
  const listed = [...storage.shadow.rows(tables.accounts, pk).keys()].filter((rk) =>
    rk.startsWith('pool|'),
  ).length;
  if (account.pools !== listed)
    violations.add('quotas', `account ${pk} counts ${account.pools} pools and lists ${listed}`, [pk]);
  if (hasGrown && listed > account.maxPools)
    violations.add('quotas', `account ${pk} has ${listed} pools, of at most ${account.maxPools}`, [pk]);
}

function checkVms(
  { storage, violations, config }: World,
  pk: string,
  living: number,
  maxVmsAt: (account: string) => number,
): void {
  const pool = storage.shadow.get('pool', pk, 'm');
  const max = pk === classicTag ? config.classicVms : maxVmsAt(pool?.subscriptionId ?? '');
  if (living > max) violations.add('quotas', `pool ${pk} has ${living} VMs, of at most ${max}`, [pk]);
  if (pool?.kind === 'deleted') violations.add('quotas', `pool ${pk} is deleted and gets VMs`, [pk]);
}

function isThere(vm: Vm | undefined): boolean {
  return vm !== undefined && vm.kind !== 'stopped';
}

function runs(job: Job | undefined): number {
  return job?.kind === 'running' ? 1 : 0;
}
