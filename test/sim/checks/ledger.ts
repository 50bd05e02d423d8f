/**
 * The ledger: lines are immutable, follow each other without a gap or an overlap, have evidence in the processes' own
 * lives, go to the plan that the hour belongs to, and add up to the balance; nothing is posted after a pool's end.
 */
import { usageOf, type Line } from '../../../shared/core/billing.ts';
import { classicPoolId, tagOf } from '../../../shared/core/ids.ts';
import { addUsage, noUsage, type Period, type Plan, type Usage } from '../../../shared/core/plan.ts';
import type { Pool } from '../../../shared/core/pool.ts';
import { planAt } from '../../../shared/core/service.ts';
import { tables } from '../../../shared/storage/row-places.ts';
import type { Facts } from '../facts.ts';
import type { World } from '../simulate.ts';
import type { Change } from '../shadow.ts';
import type { MakeCheck } from './check.ts';

export const ledger: MakeCheck = (world) => {
  const { storage, violations } = world;
  const postedTo = new Map<string, number>();
  const bad = (text: string, ids: readonly string[]) => violations.add('ledger', text, ids);
  storage.onCommit(({ table, pk, changes }) => {
    if (table === tables.ledger) {
      checkBalance(changes, bad);
      for (const { kind, before, after } of changes)
        if (kind === 'period' && before === undefined)
          checkOverlap(storage.shadow.rows(table, pk), after, bad);
      for (const change of changes) {
        if (change.kind !== 'line') continue;
        if (change.before !== undefined) bad('a line was changed or removed', []);
        else if (change.after?.kind === 'vm') checkLine(world, change.after, postedTo, bad);
      }
      return;
    }
    if (table !== tables.pools) return;
    for (const change of changes) {
      if (change.kind === 'gone' && change.after?.readyMs !== undefined) {
        const { vmId, atMs, readyMs } = change.after;
        const isFree = change.after.poolId === classicPoolId;
        if (!isFree && (postedTo.get(vmId) ?? readyMs) !== atMs)
          bad(`${vmId} lived to ${atMs} and is posted to ${postedTo.get(vmId)}`, [vmId]);
      }
      if (change.kind === 'pool' && change.after?.kind === 'deleted') checkDeleted(world, change.after, bad);
    }
  });
  return { atRest: (rest) => rest === 'left' && everythingPosted(world.facts, postedTo, bad) };
};

function checkLine(
  { storage, facts }: World,
  line: Extract<Line, { kind: 'vm' }>,
  postedTo: Map<string, number>,
  bad: (text: string, ids: readonly string[]) => void,
): void {
  const { vmId, poolId } = line;
  const tag = tagOf(poolId);
  const vm = storage.shadow.get('vm', tag, `vm|${vmId}`);
  const pool = storage.shadow.get('pool', tag, 'm');
  if (pool === undefined || pool.kind === 'deleted')
    bad(`${vmId} is posted to a pool that is ${pool?.kind}`, [vmId, tag]);
  const readyMs = vm !== undefined && 'readyMs' in vm ? vm.readyMs : undefined;
  const fromMs = postedTo.get(vmId) ?? readyMs;
  if (line.fromMs !== fromMs) bad(`${vmId} is posted from ${line.fromMs}, and is due from ${fromMs}`, [vmId]);
  if (line.toMs <= line.fromMs) bad(`${vmId} has an empty line`, [vmId]);
  postedTo.set(vmId, line.toMs);
  const process = facts.vms.get(vmId);
  const livedToMs =
    vm?.kind === 'stopped' ? vm.atMs : (process?.lastSentMs ?? 0) + lastCallMs(process, storage.nowMs);
  if (line.toMs > livedToMs + 2 * facts.clockErrorMs)
    bad(`${vmId} is posted to ${line.toMs}, and was last heard at ${livedToMs}`, [vmId]);
  const service = storage.shadow.get(
    'service',
    pool?.subscriptionId ?? '',
    `service|${pool?.serviceId ?? ''}`,
  );
  if (planAt(service?.plans ?? [], line.hourMs) !== line.planId)
    bad(`${vmId} is posted to a plan that does not pay for the hour`, [vmId]);
  const plan = storage.shadow.rows(tables.accounts, pool?.subscriptionId ?? '').get(`plan|${line.planId}`) as
    Plan | undefined;
  if (plan === undefined || (plan.goneMs ?? Infinity) < line.fromMs)
    bad(`${vmId} is posted to a plan that was deleted before`, [vmId, line.planId]);
}

/** A stamp may be as late as the end of the call that made it. */
function lastCallMs(
  process: { lastSentMs?: number; lastServedMs: number; openCalls: number } | undefined,
  nowMs: number,
): number {
  if (process?.lastSentMs === undefined) return 0;
  return Math.max(0, (process.openCalls > 0 ? nowMs : process.lastServedMs) - process.lastSentMs);
}

function checkBalance(changes: readonly Change[], bad: (text: string, ids: readonly string[]) => void): void {
  let posted: Usage = noUsage;
  let balance: Usage = noUsage;
  let period: Period | undefined;
  for (const change of changes) {
    if (change.kind === 'line' && change.after !== undefined)
      posted = addUsage(posted, usageOf(change.after));
    if (change.kind !== 'period' || change.after === undefined) continue;
    period = change.after;
    balance = minus(change.after.usage, change.before?.usage ?? noUsage);
    if (change.before !== undefined && JSON.stringify(change.before.rates) !== JSON.stringify(period.rates))
      bad(`the rates of a period have changed`, [period.planId]);
  }
  if (JSON.stringify(posted) !== JSON.stringify(balance))
    bad(`lines of ${JSON.stringify(posted)} changed the balance by ${JSON.stringify(balance)}`, [
      period?.planId ?? '',
    ]);
  for (const change of changes) {
    if (change.kind !== 'line' || change.after === undefined || period === undefined) continue;
    const atMs = change.after.kind === 'vm' ? change.after.fromMs : change.after.toMs;
    if (atMs >= period.endMs)
      bad(`a line at ${atMs} went to the period that ended at ${period.endMs}`, [period.planId]);
  }
}

/** A plan's periods follow one another, whatever becomes of its tier. */
function checkOverlap(
  rows: ReadonlyMap<string, unknown>,
  made: Period | undefined,
  bad: (text: string, ids: readonly string[]) => void,
): void {
  if (made === undefined) return;
  for (const [rk, row] of rows) {
    if (!rk.startsWith('period|')) continue;
    const { startMs, endMs } = row as Period;
    if (startMs !== made.startMs && startMs < made.endMs && endMs > made.startMs)
      bad(`the period from ${made.startMs} overlaps the one from ${startMs}`, [made.planId]);
  }
}

function minus(a: Usage, b: Usage): Usage {
  return {
    poolMs: a.poolMs - b.poolMs,
    classicMs: a.classicMs - b.classicMs,
    transactions: a.transactions - b.transactions,
  };
}

function checkDeleted(
  { storage }: World,
  pool: Pool,
  bad: (text: string, ids: readonly string[]) => void,
): void {
  const tag = tagOf(pool.poolId);
  for (const rk of storage.shadow.rows(tables.pools, tag).keys())
    if (rk.startsWith('vm|')) bad(`pool ${tag} is deleted, and ${rk} is still there`, [tag, rk.slice(3)]);
}

/** Every process that was let in is on the ledger, from its hello to its end. */
function everythingPosted(
  facts: Facts,
  postedTo: ReadonlyMap<string, number>,
  bad: (text: string, ids: readonly string[]) => void,
): void {
  for (const vm of facts.vms.values()) {
    if (vm.poolId === classicPoolId || vm.lastAnsweredMs === undefined || vm.helloSentMs === undefined)
      continue;
    const toMs = postedTo.get(vm.vmId);
    if (
      vm.lastAnsweredMs - vm.helloSentMs > 10_000 &&
      (toMs === undefined || toMs < vm.lastAnsweredMs - 2 * facts.clockErrorMs)
    )
      bad(`${vm.vmId} was heard at ${vm.lastAnsweredMs} and is posted to ${toMs}`, [vm.vmId]);
  }
}
