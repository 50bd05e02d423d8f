/** Create Pool: quota, reservation and billing association first, then the pool, then its VMs (article, statements 7 to 9). */
import type { Account } from '../core/account.ts';
import { isId, makePoolId, parseSubscriptionId, tagOf } from '../core/ids.ts';
import { badArgument, conflict, notFound, shown, type Refused } from '../core/refusal.ts';
import { noBackoff, type ActivePool, type Pool } from '../core/pool.ts';
import { hourOf } from '../core/billing.ts';
import { limits } from '../core/limits.ts';
import { planAt, type Service } from '../core/service.ts';
import type { CallerKey } from './caller-keys.ts';
import { findAccount } from './find-account.ts';
import { lookAgain } from './look-again.ts';
import { nudge } from './nudge.ts';
import { planHold } from './plan-hold.ts';
import { isAbandoned, poolKey, poolOfKey, type Named } from './pool-of-key.ts';
import { poolById } from './pool-of-tag.ts';
import type { App } from './ports.ts';

export type CreatePool = { readonly vmCount: number; readonly swaggerUrl: string; readonly name?: string };

/** `replayed`: the Idempotency-Key names this pool already; it is shown as it is now. */
export type CreatedPool = {
  readonly kind: 'pool';
  readonly pool: Pool;
  readonly outcome: 'created' | 'replayed';
};

/**
 * Order of writes: `live` row -> [account: pools + 1, reservation, key] -> pool -> reservation `live`. A crash between
 * any two is found again from `live` by the tick, or gone on with by whoever repeats the call with its key.
 *
 * @param idempotencyKey counts within the account
 */
export async function createPool(
  app: App,
  account: Account,
  wanted: CreatePool,
  idempotencyKey?: string,
): Promise<CreatedPool | Refused> {
  const { subscriptionId } = account;
  const key = idempotencyKey === undefined ? undefined : poolKey(account, wanted, idempotencyKey);
  const known = key === undefined ? undefined : await poolOfKey(app, key);
  if (known?.kind === 'refused') return known;
  if (known?.kind === 'pool') return { ...known, outcome: 'replayed' };
  const service = await billingService(app, subscriptionId, wanted.swaggerUrl);
  if (service.kind === 'refused') return service;
  const make = (poolId: string, createdMs: number) => newPool(service.service, wanted, poolId, createdMs);
  if (known?.kind === 'half-made') return complete(app, make(known.poolId, known.createdMs), 'replayed');
  const pool = make(makePoolId(app.random.hex(12), app.random.hex(20)), app.clock.now());
  const { poolId } = pool;
  const live = { tag: tagOf(poolId), poolId, subscriptionId, dueMs: pool.createdMs };
  await app.store.commit([{ do: 'create', kind: 'live', row: live }]);
  const reserved = await reserve(app, pool, wanted.swaggerUrl, key);
  if (reserved.kind === 'reserved') return complete(app, pool, 'created');
  await app.store.commit([{ do: 'remove', kind: 'live', key: { tag: live.tag } }]);
  switch (reserved.kind) {
    case 'refused':
      return reserved;
    case 'pool':
      return { ...reserved, outcome: 'replayed' };
    case 'half-made':
      return complete(app, make(reserved.poolId, reserved.createdMs), 'replayed');
  }
}

function newPool(
  { subscriptionId, serviceId }: Service,
  wanted: CreatePool,
  poolId: string,
  createdMs: number,
): ActivePool {
  return {
    kind: 'active',
    poolId,
    subscriptionId,
    ...(wanted.name === undefined ? {} : { name: wanted.name }),
    wish: { vmCount: wanted.vmCount, stampMs: createdMs, busyVms: 'drain' },
    backoff: noBackoff,
    createdMs,
    serviceId,
  };
}

/** The pool itself, which somebody who came with the same key may have made meanwhile. */
async function complete(
  app: App,
  wanted: ActivePool,
  outcome: CreatedPool['outcome'],
): Promise<CreatedPool | Refused> {
  const { poolId } = wanted;
  const made = await app.store.commit([{ do: 'create', kind: 'pool', row: wanted }]);
  const pool = made.kind === 'done' ? wanted : (await poolById(app, poolId))?.row;
  if (pool === undefined || isAbandoned(pool)) {
    return conflict(
      'PoolCreationAbandoned',
      'The creation took too long and was given up; create the pool again.',
    );
  }
  await confirmReservation(app, pool);
  await nudge(app, poolId);
  return { kind: 'pool', pool, outcome };
}

/** The quota is exact: the number of pools changes only under the account row's etag. */
function reserve(
  app: App,
  pool: Pool,
  swaggerUrl: string,
  key: CallerKey<'poolKey'> | undefined,
): Promise<{ kind: 'reserved' } | Exclude<Named, { kind: 'nothing' }>> {
  const { subscriptionId, poolId } = pool;
  return lookAgain(app, async () => {
    const stored = await findAccount(app, subscriptionId);
    if (stored === undefined) return notFound('AccountNotFound', 'The account no longer exists.');
    const named = key === undefined ? undefined : await poolOfKey(app, key);
    if (named !== undefined && named.kind !== 'nothing') return named;
    // A service goes only under the account's version, and not while a pool bills to it.
    const service = await billingService(app, subscriptionId, swaggerUrl);
    if (service.kind === 'refused') return service;
    const { maxPools, maxVmsPerPool, pools } = stored.row;
    if (pools >= maxPools) {
      return conflict(
        'PoolQuotaExceeded',
        `The account has ${pools} of at most ${maxPools} pools. Delete one, or ask the operator for a higher quota.`,
      );
    }
    if (pool.wish.vmCount > maxVmsPerPool) return tooManyVms(pool.wish.vmCount, maxVmsPerPool);
    const done = await app.store.commit([
      { do: 'replace', kind: 'account', row: { ...stored.row, pools: pools + 1 }, etag: stored.etag },
      {
        do: 'create',
        kind: 'reservation',
        row: { kind: 'making', subscriptionId, poolId, createdMs: pool.createdMs },
      },
      ...(named?.writes(pool) ?? []),
    ]);
    return done.kind === 'done' ? ({ kind: 'reserved' } as const) : 'conflict';
  });
}

export function tooManyVms(vmCount: number, max: number): Refused {
  return conflict(
    'VmQuotaExceeded',
    `${vmCount} VMs were asked for, and a pool of this account may have at most ${max}. Ask for fewer, or ask the operator for a higher quota.`,
  );
}

/** From now on the account's list shows the pool; also done by the tick for a creator that died here. */
export async function confirmReservation(app: App, pool: Pool): Promise<void> {
  const { subscriptionId, poolId } = pool;
  // What is live stays live.
  const place = `reserved|${poolId}`;
  if (app.memory.isNoted(place)) return;
  const stored = await app.store.get('reservation', { subscriptionId, poolId });
  if (stored?.row.kind === 'live') app.memory.note(place, limits.sweepSeldomMs);
  if (stored?.row.kind !== 'making') return;
  await app.store.commit([
    { do: 'replace', kind: 'reservation', row: { ...stored.row, kind: 'live' }, etag: stored.etag },
  ]);
}

/** The web service named by its swagger URL: understood by its path, on any host, and never fetched. */
async function billingService(
  app: App,
  subscriptionId: string,
  swaggerUrl: string,
): Promise<{ kind: 'service'; service: Service } | Refused> {
  const path = URL.canParse(swaggerUrl) ? new URL(swaggerUrl).pathname : swaggerUrl;
  if (/^\/workspaces\//i.test(path)) return classicNotAllowed(swaggerUrl);
  const match = /^\/subscriptions\/([^/]+)\/services\/([^/]+)\/swagger\.json$/i.exec(path);
  const owner = parseSubscriptionId(match?.[1] ?? '');
  const serviceId = match?.[2] ?? '';
  if (owner === undefined || !isId(serviceId)) {
    return badArgument(
      'BadSwaggerUrl',
      `swaggerUrl must read {base}/subscriptions/{subscription id}/services/{service id}/swagger.json, as the web service's swaggerLocation does; it was "${shown(swaggerUrl, 200)}".`,
    );
  }
  if (owner !== subscriptionId) {
    return badArgument(
      'ServiceOfAnotherAccount',
      `swaggerUrl names a service of subscription ${owner}; a pool of ${subscriptionId} bills to a service of its own subscription.`,
    );
  }
  const stored = await app.store.get('service', { subscriptionId, serviceId });
  if (stored === undefined) {
    return badArgument(
      'WebServiceNotFound',
      `swaggerUrl names the web service ${serviceId}, which this account does not have, or no longer: take the swaggerLocation of one that it has.`,
    );
  }
  const service = stored.row;
  if (service.origin.kind === 'classic') return classicNotAllowed(swaggerUrl);
  if (service.state.kind === 'failed') {
    return badArgument(
      'WebServiceNotSucceeded',
      `The web service "${service.name}" is in state Failed (${service.state.reason}); correct it first.`,
    );
  }
  if (service.plans.length === 0) {
    return badArgument(
      'WebServiceHasNoPlan',
      `The web service "${service.name}" has no commitment plan; pools are always billable, so give it one.`,
    );
  }
  const planId = planAt(service.plans, hourOf(app.clock.now())) ?? '';
  const hold = await planHold(app, subscriptionId, planId);
  if (hold !== undefined) return conflict('PlanUsedUp', hold);
  return { kind: 'service', service };
}

function classicNotAllowed(swaggerUrl: string): Refused {
  return badArgument(
    'ClassicServiceNotAllowed',
    `swaggerUrl names a classic web service (${shown(swaggerUrl, 200)}). A pool bills to the plan of a new (Resource Manager based) web service; name one of those. Classic services can still run on the pool.`,
  );
}
