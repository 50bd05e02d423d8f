/** Pool management: read, list, resize, delete, and what is in a pool (article, statements 7, 18, 24, 25). */
import type { Account } from '../core/account.ts';
import { classicPoolId, tagOf, type PoolId } from '../core/ids.ts';
import { isFinal, type Job } from '../core/job.ts';
import { limits } from '../core/limits.ts';
import { beginDeletion, wishFor, type Pool } from '../core/pool.ts';
import { badArgument, conflict, notFound, shown, type Refused } from '../core/refusal.ts';
import { planAt, type Service } from '../core/service.ts';
import type { Vm } from '../core/vm.ts';
import { collect } from './all-rows.ts';
import { cancelJob } from './cancel.ts';
import { tooManyVms } from './create-pool.ts';
import { findAccount } from './find-account.ts';
import { jobsWithSpec } from './jobs-with-spec.ts';
import { lookAgain } from './look-again.ts';
import { nudge } from './nudge.ts';
import { poolById } from './pool-of-tag.ts';
import { usageOfPool, type PoolUsage } from './pool-usage.ts';
import type { App, Stored } from './ports.ts';

/** A pool with what its owner sees of it. */
export type PoolView = {
  readonly kind: 'pool';
  readonly pool: Pool;
  readonly vms: readonly Vm[];
  /** Counts stop at `limits.countMax`. */
  readonly queued: number;
  readonly capped: boolean;
  readonly commitmentPlanId?: string;
};

/** A pool of this account, or the refusal that a missing one gets. The classic queue is nobody's. */
export async function findPool(
  app: App,
  account: Account,
  poolId: string,
): Promise<Stored<'pool'> | Refused> {
  if (poolId === classicPoolId) return noPool(poolId);
  const stored = await poolById(app, poolId);
  return stored === undefined || stored.row.subscriptionId !== account.subscriptionId
    ? noPool(poolId)
    : stored;
}

export function noPool(poolId: string): Refused {
  return notFound(
    'PoolNotFound',
    `There is no pool "${shown(poolId)}" in this account; list them with GET {poolServiceUrl}/pools.`,
  );
}

export async function getPool(app: App, account: Account, poolId: string): Promise<PoolView | Refused> {
  const found = await findPool(app, account, poolId);
  return found.kind === 'refused' ? found : viewOf(app, found.row);
}

export async function viewOf(app: App, pool: Pool): Promise<PoolView> {
  const tag = tagOf(pool.poolId);
  const [vms, queue, service] = await Promise.all([
    collect(app, { of: 'vms', tag }),
    app.store.list({ of: 'queue', tag }, { limit: limits.countMax }),
    serviceOf(app, pool),
  ]);
  const planId = planAt(service?.plans ?? [], app.clock.now());
  return {
    kind: 'pool',
    pool,
    vms: vms.map((stored) => stored.row),
    queued: queue.rows.length,
    capped: queue.after !== undefined,
    ...(planId === undefined ? {} : { commitmentPlanId: planId }),
  };
}

export async function serviceOf(app: App, pool: Pool): Promise<Service | undefined> {
  if (pool.serviceId === undefined) return undefined;
  const key = { subscriptionId: pool.subscriptionId, serviceId: pool.serviceId };
  return (await app.store.get('service', key))?.row;
}

export async function listPools(
  app: App,
  account: Account,
  options: { top: number; after?: string },
): Promise<{ kind: 'pools'; pools: PoolView[]; after?: string }> {
  const page = await app.store.list(
    { of: 'reservations', subscriptionId: account.subscriptionId },
    options.after === undefined ? { limit: options.top } : { limit: options.top, after: options.after },
  );
  const pools: PoolView[] = [];
  for (const { row } of page.rows) {
    const stored = await poolById(app, row.poolId);
    if (stored !== undefined) pools.push(await viewOf(app, stored.row));
  }
  return page.after === undefined ? { kind: 'pools', pools } : { kind: 'pools', pools, after: page.after };
}

/** Sets the wish and answers; reconcile gets there. The last wish wins, also while resizing. */
export async function resizePool(
  app: App,
  account: Account,
  poolId: string,
  wanted: { vmCount: number; busyVms?: 'drain' | 'requeue' },
): Promise<PoolView | Refused> {
  const stampMs = app.clock.now();
  const resized = await lookAgain(app, async () => {
    const found = await findPool(app, account, poolId);
    if (found.kind === 'refused') return found;
    const pool = found.row;
    if (pool.kind !== 'active') return gone(pool);
    const quota = await findAccount(app, account.subscriptionId);
    const max = quota?.row.maxVmsPerPool ?? 0;
    if (wanted.vmCount > max && wanted.vmCount > pool.wish.vmCount) return tooManyVms(wanted.vmCount, max);
    const wish = { vmCount: wanted.vmCount, stampMs, busyVms: wanted.busyVms ?? 'drain' };
    const row = wishFor(pool, wish);
    if (row === pool) return found;
    const done = await app.store.commit([{ do: 'replace', kind: 'pool', row, etag: found.etag }]);
    return done.kind === 'done' ? { ...found, row } : 'conflict';
  });
  if (resized.kind === 'refused') return resized;
  await nudge(app, poolId);
  return viewOf(app, resized.row);
}

/** Deletes a pool without unfinished jobs, or cancels them first. Jobs that were never started do not hold it up. */
export async function deletePool(
  app: App,
  account: Account,
  poolId: string,
  jobs: 'refuse' | 'cancel',
): Promise<PoolView | Refused> {
  const deleted = await lookAgain(app, async () => {
    const found = await findPool(app, account, poolId);
    if (found.kind === 'refused') return found;
    const pool = found.row;
    const unfinished = pool.kind === 'deleted' ? [] : await unfinishedJobs(app, poolId);
    // Asked again: what an instance that died in the middle has left is cancelled now.
    if (pool.kind !== 'active') {
      if (jobs === 'cancel') await cancelAll(app, unfinished);
      return found;
    }
    if (unfinished.length > 0 && jobs === 'refuse') {
      return conflict(
        'PoolHasUnfinishedJobs',
        `The pool has ${unfinished.length}${unfinished.length >= limits.countMax ? ' or more' : ''} unfinished job(s). Wait for them, cancel them, or delete the pool with ?jobs=cancel.`,
      );
    }
    const row = beginDeletion(pool, app.clock.now());
    const done = await app.store.commit([{ do: 'replace', kind: 'pool', row, etag: found.etag }]);
    if (done.kind === 'conflict') return 'conflict';
    await cancelAll(app, unfinished);
    return { ...found, row };
  });
  if (deleted.kind === 'refused') return deleted;
  await nudge(app, poolId);
  return viewOf(app, deleted.row);
}

async function cancelAll(app: App, jobs: readonly Job[]): Promise<void> {
  await Promise.all(jobs.map((job) => cancelJob(app, job, 'Its pool was deleted.')));
}

/** Queued and running jobs, at most `limits.countMax`; any number of jobs that were never started may lie between them. */
async function unfinishedJobs(app: App, poolId: PoolId): Promise<Job[]> {
  const found: Job[] = [];
  for await (const { row } of jobsWithSpec(app, tagOf(poolId))) {
    if (!isFinal(row) && row.kind !== 'registered') found.push(row);
    if (found.length >= limits.countMax) break;
  }
  return found;
}

function gone(pool: Pool): Refused {
  return conflict('PoolDeleting', `The pool is ${pool.kind}; create a new one.`);
}

export async function listPoolVms(
  app: App,
  account: Account,
  poolId: string,
): Promise<{ kind: 'vms'; vms: Vm[] } | Refused> {
  const found = await findPool(app, account, poolId);
  if (found.kind === 'refused') return found;
  const vms = await collect(app, { of: 'vms', tag: tagOf(poolId) });
  return { kind: 'vms', vms: vms.map((stored) => stored.row) };
}

/** Newest first. */
export async function listPoolJobs(
  app: App,
  account: Account,
  poolId: string,
  options: { top: number; after?: string; status?: Job['kind'] },
): Promise<{ kind: 'jobs'; jobs: Job[]; vms: Vm[]; after?: string } | Refused> {
  const found = await findPool(app, account, poolId);
  if (found.kind === 'refused') return found;
  const tag = tagOf(poolId);
  const vms = (await collect(app, { of: 'vms', tag })).map((stored) => stored.row);
  const { jobs, after } = await jobsOf(app, tag, options);
  return after === undefined ? { kind: 'jobs', jobs, vms } : { kind: 'jobs', jobs, vms, after };
}

/** One reply looks at `limits.jobPagesMax` pages at most: with a filter it may be short, or empty, and go on elsewhere. */
async function jobsOf(
  app: App,
  tag: string,
  { top, status, after: begin }: { top: number; after?: string; status?: Job['kind'] },
): Promise<{ jobs: Job[]; after?: string }> {
  const jobs: Job[] = [];
  let after = begin;
  for (let pages = 0; pages < limits.jobPagesMax; pages += 1) {
    const page = await app.store.list(
      { of: 'jobs', tag },
      {
        limit: status === undefined ? top - jobs.length : limits.pageMax,
        ...(after === undefined ? {} : { after }),
      },
    );
    for (const { row: job } of page.rows) {
      if (status !== undefined && job.kind !== status) continue;
      // There is one more.
      const last = jobs.at(-1);
      if (last !== undefined && jobs.length === top) return { jobs, after: app.store.place('job', last) };
      jobs.push(job);
    }
    if (page.after === undefined) return { jobs };
    ({ after } = page);
    if (jobs.length === top) break;
  }
  return after === undefined ? { jobs } : { jobs, after };
}

export async function poolUsage(
  app: App,
  account: Account,
  poolId: string,
  span: { fromMs?: number; toMs?: number },
): Promise<{ usage: PoolUsage; commitmentPlanId: string | undefined; kind: 'pool-usage' } | Refused> {
  const found = await findPool(app, account, poolId);
  if (found.kind === 'refused') return found;
  const { fromMs = found.row.createdMs, toMs = app.clock.now() } = span;
  if (fromMs > toMs) {
    return badArgument(
      'InvalidQueryParameter',
      "from must not lie after to: without from the pool's creation is meant, without to the present.",
    );
  }
  const plans = (await serviceOf(app, found.row))?.plans;
  const planIds = plans?.map(({ planId }) => planId) ?? (await allPlanIds(app, account));
  const usage = await usageOfPool(app, found.row, planIds, fromMs, toMs);
  return { kind: 'pool-usage', usage, commitmentPlanId: planAt(plans ?? [], app.clock.now()) };
}

/** A pool outlives its service for some time: which plans have paid for it only their ledgers say then. */
async function allPlanIds(app: App, { subscriptionId }: Account): Promise<string[]> {
  return (await collect(app, { of: 'plans', subscriptionId })).map(({ row }) => row.planId);
}
