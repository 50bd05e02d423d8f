/** Web services of a resource group: what management clients do with them. The service pins its model and its plan. */
import type { Account } from '../core/account.ts';
import { isId, parseSubscriptionId } from '../core/ids.ts';
import type { Plan } from '../core/plan.ts';
import { pageOfAll, type PageWish } from '../core/page.ts';
import { badArgument, conflict, notFound, shown, type Refused } from '../core/refusal.ts';
import { pendingMove, planAt, type PlanInterval, type Service } from '../core/service.ts';
import type { KeyPair } from './accounts.ts';
import { collect } from './all-rows.ts';
import { recallService } from './authorize.ts';
import { findAccount } from './find-account.ts';
import { lookAgain } from './look-again.ts';
import { patchServiceAt, type ServicePatch } from './patch-service.ts';
import { findPlan, recallPlan, sameName, type NamedThing } from './plans.ts';
import type { App, Stored } from './ports.ts';
import {
  putServiceAt,
  serviceAt,
  serviceMemory,
  serviceName,
  type ServiceContent,
  type ServicePlace,
} from './put-service.ts';
import { definitionOf, type Definition } from './service-definition.ts';

export type ServiceWish = NamedThing &
  ServiceContent & {
    /** ARM id of the plan that pays; set at creation, then fixed (but for moves). */
    readonly commitmentPlan?: string;
  };

export type ServiceView = {
  readonly kind: 'service';
  readonly service: Service;
  readonly definition: Definition;
  /** The plan that pays now; a classic service has none of its own. */
  readonly plan?: Plan;
};

/** Makes or replaces the service; a model that cannot be served leaves it `failed` with the reason. */
export async function putService(
  app: App,
  account: Account,
  wish: ServiceWish,
): Promise<(ServiceView & { outcome: 'created' | 'updated' }) | Refused> {
  const put = await putServiceAt(app, placeOf(account, wish), wish, (old) =>
    termsOf(app, account, wish.commitmentPlan, old),
  );
  if (put.kind === 'refused') return put;
  return { ...(await viewWith(app, put.service, put.definition)), outcome: put.outcome };
}

async function termsOf(
  app: App,
  { subscriptionId }: Account,
  wanted: string | undefined,
  old: Service | undefined,
): Promise<{ kind: 'terms'; plans: readonly PlanInterval[] } | Refused> {
  if (wanted === undefined) {
    if (old !== undefined) return { kind: 'terms', plans: old.plans };
    return badArgument(
      'MissingCommitmentPlan',
      'properties.commitmentPlan.id is missing: name the plan that pays for this web service and the pools that bill to it.',
    );
  }
  const plan = await findPlan(app, subscriptionId, wanted);
  if (plan === undefined) {
    return badArgument(
      'CommitmentPlanNotFound',
      `properties.commitmentPlan.id names no plan of this subscription: "${shown(wanted, 200)}". Create the plan first.`,
    );
  }
  if (old === undefined) return { kind: 'terms', plans: [{ planId: plan.planId, fromMs: 0 }] };
  const nowMs = app.clock.now();
  const known = [planAt(old.plans, nowMs), pendingMove(old.plans, nowMs)?.planId];
  if (known.includes(plan.planId)) return { kind: 'terms', plans: old.plans };
  return badArgument(
    'CommitmentPlanFixed',
    'properties.commitmentPlan.id cannot be changed here: move the association of the present plan instead.',
  );
}

/** A model that cannot be served is refused, and the present one stays. */
export async function patchService(
  app: App,
  account: Account,
  thing: NamedThing,
  patch: ServicePatch,
  commitmentPlan?: string,
): Promise<ServiceView | Refused> {
  const find = () => serviceAt(app, placeOf(account, thing));
  const patched = await patchServiceAt(app, find, noService(thing), patch, async (service) => {
    const terms = await termsOf(app, account, commitmentPlan, service);
    return terms.kind === 'refused' ? terms : undefined;
  });
  return patched.kind === 'refused' ? patched : viewWith(app, patched.service, patched.definition);
}

export async function getService(
  app: App,
  account: Account,
  thing: NamedThing,
): Promise<ServiceView | Refused> {
  const stored = await serviceAt(app, placeOf(account, thing));
  return stored === undefined ? noService(thing) : viewOfService(app, stored.row);
}

/** As it is now, whatever this process remembers. */
export async function getServiceById(
  app: App,
  { subscriptionId }: Account,
  serviceId: string,
): Promise<{ kind: 'found'; service: Service } | Refused> {
  const stored = isId(serviceId) ? await app.store.get('service', { subscriptionId, serviceId }) : undefined;
  return stored === undefined ? noServiceOfId(serviceId) : { kind: 'found', service: stored.row };
}

export async function viewOfService(app: App, service: Service): Promise<ServiceView> {
  return viewWith(app, service, await definitionOf(app, service));
}

async function viewWith(app: App, service: Service, definition: Definition): Promise<ServiceView> {
  const planId = planAt(service.plans, app.clock.now());
  const plan = planId === undefined ? undefined : await recallPlan(app, service.subscriptionId, planId);
  return { kind: 'service', service, definition, ...(plan === undefined ? {} : { plan: plan.row }) };
}

/** What swagger.json shows; it needs no key, since ids are not guessable. */
export async function publicService(
  app: App,
  subscription: string,
  serviceId: string,
): Promise<ServiceView | Refused> {
  const subscriptionId = parseSubscriptionId(subscription);
  const service =
    subscriptionId === undefined || !isId(serviceId)
      ? undefined
      : await recallService(app, subscriptionId, serviceId);
  return service?.origin.kind === 'new' ? viewOfService(app, service) : noServiceOfId(serviceId);
}

/** New ones only: by group, or all of the subscription. */
export async function listServices(
  app: App,
  { subscriptionId }: Account,
  page: PageWish,
  group?: string,
): Promise<{ kind: 'services'; services: ServiceView[]; after?: string }> {
  const rows = await collect(app, { of: 'services', subscriptionId });
  const chosen = rows
    .map((stored) => stored.row)
    .filter(({ origin }) => origin.kind === 'new' && (group === undefined || sameName(origin.group, group)));
  const { items, ...more } = pageOfAll(chosen, (service) => service.serviceId, page);
  const services = await Promise.all(items.map((service) => viewOfService(app, service)));
  return { kind: 'services', services, ...more };
}

export async function deleteService(
  app: App,
  account: Account,
  thing: NamedThing,
): Promise<{ kind: 'deleted' } | Refused> {
  const { subscriptionId } = account;
  return deleteServiceAt(app, placeOf(account, thing), noService(thing), async ({ serviceId }) => {
    for (const { row } of await collect(app, { of: 'reservations', subscriptionId })) {
      const pool = (await app.store.get('pool', { poolId: row.poolId }))?.row;
      if (pool === undefined || pool.serviceId === serviceId) {
        return conflict(
          'ServiceHasPools',
          `The pool ${row.poolId} bills to the web service "${thing.name}"; delete the pool first.`,
        );
      }
    }
    return undefined;
  });
}

/** @param mayNot what forbids it, asked after the account's version was read */
export function deleteServiceAt(
  app: App,
  place: ServicePlace,
  missing: Refused,
  mayNot: (service: Service) => Promise<Refused | undefined>,
): Promise<{ kind: 'deleted' } | Refused> {
  const { subscriptionId } = place;
  return lookAgain<{ kind: 'deleted' } | Refused>(app, async () => {
    const [account, stored] = await Promise.all([findAccount(app, subscriptionId), serviceAt(app, place)]);
    if (stored === undefined || account === undefined) return missing;
    const refusal = await mayNot(stored.row);
    if (refusal !== undefined) return refusal;
    const done = await app.store.commit([
      { do: 'replace', kind: 'account', row: account.row, etag: account.etag },
      { do: 'remove', kind: 'service', key: stored.row },
      { do: 'remove', kind: 'name', key: serviceName(place) },
    ]);
    if (done.kind === 'conflict') return 'conflict';
    app.memory.forget(serviceMemory(stored.row));
    return { kind: 'deleted' };
  });
}

export async function serviceKeys(app: App, account: Account, thing: NamedThing): Promise<KeyPair | Refused> {
  const stored = await serviceAt(app, placeOf(account, thing));
  return stored === undefined ? noService(thing) : keysOfService(app, stored);
}

export function keysOfService(app: App, { row }: Stored<'service'>): KeyPair {
  const owner = { kind: 'service', id: row.serviceId } as const;
  return {
    kind: 'keys',
    primary: app.secrets.key(owner, 'primary', row.keys.primary),
    secondary: app.secrets.key(owner, 'secondary', row.keys.secondary),
  };
}

function placeOf({ subscriptionId }: Account, { group, name }: NamedThing): ServicePlace {
  return { subscriptionId, origin: { kind: 'new', group }, name };
}

function noService({ group, name }: NamedThing): Refused {
  return notFound(
    'WebServiceNotFound',
    `There is no web service "${shown(name)}" in resource group "${shown(group)}": compare with GET .../resourceGroups/{group}/providers/Microsoft.MachineLearning/webServices.`,
  );
}

function noServiceOfId(serviceId: string): Refused {
  return notFound(
    'WebServiceNotFound',
    `There is no web service "${shown(serviceId)}": compare with the service's swaggerLocation.`,
  );
}
