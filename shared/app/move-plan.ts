/** Moving the association of a plan: from a whole hour on, another plan pays for a web service and the pools that bill to it. */
import type { Account } from '../core/account.ts';
import { isId } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { pageOfAll, type PageWish } from '../core/page.ts';
import type { Plan } from '../core/plan.ts';
import { badArgument, conflict, notFound, shown, type Refused } from '../core/refusal.ts';
import { movedTo, pendingMove, planAt, type PlanInterval, type Service } from '../core/service.ts';
import { collect } from './all-rows.ts';
import { findAccount } from './find-account.ts';
import { lookAgain } from './look-again.ts';
import { findPlan, getPlan, type NamedThing } from './plans.ts';
import type { App, Stored } from './ports.ts';
import { serviceMemory } from './put-service.ts';

/** A web service's tie to the plan that pays for it now; its name is the service's id. */
export type Association = {
  readonly kind: 'association';
  readonly plan: Plan;
  readonly service: Service;
  /** A move that has not begun. */
  readonly pending?: PlanInterval;
};

/** Those whose present hour the plan pays for. */
export async function listAssociations(
  app: App,
  account: Account,
  thing: NamedThing,
  page: PageWish,
): Promise<{ kind: 'associations'; associations: readonly Association[]; after?: string } | Refused> {
  const found = await getPlan(app, account, thing);
  if (found.kind === 'refused') return found;
  const rows = await collect(app, { of: 'services', subscriptionId: account.subscriptionId });
  const all = rows.flatMap(({ row }) => associationOf(app, found.plan, row) ?? []);
  const { items, ...more } = pageOfAll(all, ({ service }) => service.serviceId, page);
  return { kind: 'associations', associations: items, ...more };
}

export async function getAssociation(
  app: App,
  account: Account,
  thing: NamedThing,
  association: string,
): Promise<Association | Refused> {
  const found = await getPlan(app, account, thing);
  if (found.kind === 'refused') return found;
  const stored = await serviceOf(app, account, association);
  const known = stored === undefined ? undefined : associationOf(app, found.plan, stored.row);
  return known ?? noAssociation(thing, association);
}

/**
 * The destination pays from the first whole hour that begins at least `limits.moveNoticeMs` from now. A move that has
 * not begun is replaced; a move back to the present plan takes it away.
 * @param destination a plan's ARM id, or its id of 32 hex digits
 */
export function moveAssociation(
  app: App,
  account: Account,
  thing: NamedThing,
  association: string,
  destination: string,
): Promise<Association | Refused> {
  const { subscriptionId } = account;
  return lookAgain(app, async () => {
    const owner = await findAccount(app, subscriptionId);
    if (owner === undefined) return notFound('AccountNotFound', 'The account no longer exists.');
    const found = await getPlan(app, account, thing);
    if (found.kind === 'refused') return found;
    const stored = await serviceOf(app, account, association);
    if (stored === undefined || associationOf(app, found.plan, stored.row) === undefined) {
      return noAssociation(thing, association);
    }
    const plan = await findPlan(app, subscriptionId, destination);
    if (plan === undefined) {
      return badArgument(
        'CommitmentPlanNotFound',
        `destinationPlanId names no plan of this subscription: "${shown(destination, 200)}". Create the plan first.`,
      );
    }
    const plans = movedTo(stored.row.plans, plan.planId, app.clock.now());
    if (plans.length > limits.planIntervalsMax) return tooManyMoves(stored.row);
    const service = { ...stored.row, plans };
    // Under the account's version: the destination is not deleted meanwhile.
    const done = await app.store.commit([
      { do: 'replace', kind: 'account', row: owner.row, etag: owner.etag },
      { do: 'replace', kind: 'service', row: service, etag: stored.etag },
    ]);
    if (done.kind === 'conflict') return 'conflict';
    app.memory.forget(serviceMemory(service));
    return associationOf(app, found.plan, service) ?? noAssociation(thing, association);
  });
}

function associationOf(app: App, plan: Plan, service: Service): Association | undefined {
  const nowMs = app.clock.now();
  if (planAt(service.plans, nowMs) !== plan.planId) return undefined;
  const pending = pendingMove(service.plans, nowMs);
  return { kind: 'association', plan, service, ...(pending === undefined ? {} : { pending }) };
}

async function serviceOf(
  app: App,
  { subscriptionId }: Account,
  association: string,
): Promise<Stored<'service'> | undefined> {
  const serviceId = association.toLowerCase();
  return isId(serviceId) ? app.store.get('service', { subscriptionId, serviceId }) : undefined;
}

function noAssociation({ name }: NamedThing, association: string): Refused {
  return notFound(
    'CommitmentAssociationNotFound',
    `The plan "${shown(name)}" has no association "${shown(association)}": it is the id of a web service that the plan pays for now.`,
  );
}

function tooManyMoves({ name }: Service): Refused {
  return conflict(
    'TooManyMoves',
    `The web service "${name}" has been moved ${limits.planIntervalsMax} times, the most that is possible; make a new one for another plan.`,
  );
}
