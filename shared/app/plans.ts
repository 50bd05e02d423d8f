/** Commitment plans: what pays for pools and classic jobs (article, statements 16 and 20). */
import type { Account, Name } from '../core/account.ts';
import { hourOf } from '../core/billing.ts';
import { conflict, notFound, badArgument, shown, type Refused } from '../core/refusal.ts';
import type { Plan } from '../core/plan.ts';
import { suggest } from '../core/suggest.ts';
import { collect } from './all-rows.ts';
import { lookAgain } from './look-again.ts';
import { periodFor } from './periods.ts';
import type { App, Stored } from './ports.ts';

export type NamedThing = { readonly group: string; readonly name: string };

/** Makes the plan or changes its tier; a new tier's rates hold from the next period on. */
export async function putPlan(
  app: App,
  { subscriptionId }: Account,
  { group, name }: NamedThing,
  tier: string,
): Promise<{ kind: 'plan'; plan: Plan; outcome: 'created' | 'updated' } | Refused> {
  const tiers = app.config.tiers.map((one) => one.name);
  if (!tiers.includes(tier)) {
    const near = suggest(tier, tiers);
    return badArgument(
      'BadSku',
      `sku.name is "${shown(tier)}", and there is no such tier. ${near === undefined ? `Tiers are ${tiers.join(', ')}.` : `Did you mean "${near}"?`}`,
    );
  }
  const put = await lookAgain(app, async () => {
    const account = await app.store.get('account', { subscriptionId });
    if (account === undefined) return notFound('AccountNotFound', 'The account no longer exists.');
    const known = await planByName(app, subscriptionId, { group, name });
    if (known !== undefined) {
      const done = await app.store.commit([
        { do: 'replace', kind: 'plan', row: { ...known.row, tier }, etag: known.etag },
      ]);
      app.memory.forget(`plan|${known.row.planId}`);
      return done.kind === 'done'
        ? ({ kind: 'plan', plan: { ...known.row, tier }, outcome: 'updated' } as const)
        : 'conflict';
    }
    const nowMs = app.clock.now();
    const planId = app.random.hex(32);
    const plan: Plan = {
      planId,
      subscriptionId,
      group,
      name,
      tier,
      createdMs: nowMs,
      anchorMs: hourOf(nowMs),
    };
    const done = await app.store.commit([
      { do: 'replace', kind: 'account', row: account.row, etag: account.etag },
      { do: 'create', kind: 'plan', row: plan },
      { do: 'create', kind: 'name', row: nameRow(subscriptionId, 'plan', { group, name }, planId) },
    ]);
    return done.kind === 'done' ? ({ kind: 'plan', plan, outcome: 'created' } as const) : 'conflict';
  });
  if (put.kind === 'plan') await periodFor(app, put.plan, app.clock.now());
  return put;
}

export async function getPlan(
  app: App,
  { subscriptionId }: Account,
  thing: NamedThing,
): Promise<{ kind: 'plan'; plan: Plan } | Refused> {
  const stored = await planByName(app, subscriptionId, thing);
  return stored === undefined ? noPlan(thing) : { kind: 'plan', plan: stored.row };
}

/** By group, or all of the subscription. */
export async function listPlans(
  app: App,
  { subscriptionId }: Account,
  group?: string,
): Promise<{ kind: 'plans'; plans: Plan[] }> {
  const rows = await collect(app, { of: 'plans', subscriptionId });
  const plans = rows
    .map((stored) => stored.row)
    .filter((plan) => group === undefined || sameName(plan.group, group));
  return { kind: 'plans', plans };
}

/** A plan that anything still bills to stays. */
export async function deletePlan(
  app: App,
  { subscriptionId }: Account,
  thing: NamedThing,
): Promise<{ kind: 'deleted' } | Refused> {
  return lookAgain<{ kind: 'deleted' } | Refused>(app, async () => {
    const [account, known] = await Promise.all([
      app.store.get('account', { subscriptionId }),
      planByName(app, subscriptionId, thing),
    ]);
    if (known === undefined || account === undefined) return noPlan(thing);
    const services = await collect(app, { of: 'services', subscriptionId });
    const user = services.find(({ row }) =>
      row.plans.some((interval) => interval.planId === known.row.planId),
    );
    if (user !== undefined) {
      return conflict(
        'PlanInUse',
        `The plan "${thing.name}" pays for the web service "${user.row.name}"; delete that service first.`,
      );
    }
    const done = await app.store.commit([
      { do: 'replace', kind: 'account', row: account.row, etag: account.etag },
      { do: 'remove', kind: 'plan', key: known.row },
      { do: 'remove', kind: 'name', key: nameRow(subscriptionId, 'plan', thing, known.row.planId) },
    ]);
    return done.kind === 'done' ? { kind: 'deleted' } : 'conflict';
  });
}

/** The plan that an ARM id names: `/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.MachineLearning/commitmentPlans/{n}`. */
export async function planByArmId(
  app: App,
  subscriptionId: string,
  armId: string,
): Promise<Plan | undefined> {
  const match =
    /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.MachineLearning\/commitmentPlans\/([^/]+)$/i.exec(
      armId,
    );
  const [, owner, group, name] = match ?? [];
  if (owner === undefined || group === undefined || name === undefined) return undefined;
  if (owner.replaceAll('-', '').toLowerCase() !== subscriptionId) return undefined;
  return (
    await planByName(app, subscriptionId, {
      group: decodeURIComponent(group),
      name: decodeURIComponent(name),
    })
  )?.row;
}

async function planByName(
  app: App,
  subscriptionId: string,
  thing: NamedThing,
): Promise<Stored<'plan'> | undefined> {
  const name = await app.store.get('name', nameRow(subscriptionId, 'plan', thing, ''));
  return name === undefined ? undefined : app.store.get('plan', { subscriptionId, planId: name.row.id });
}

/** ARM names ignore case. */
export function nameRow(
  subscriptionId: string,
  of: Name['of'],
  { group, name }: NamedThing,
  id: string,
): Name {
  return { subscriptionId, of, group: group.toLowerCase(), name: name.toLowerCase(), id };
}

export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function noPlan({ group, name }: NamedThing): Refused {
  return notFound(
    'CommitmentPlanNotFound',
    `There is no commitment plan "${shown(name)}" in resource group "${shown(group)}".`,
  );
}
