/** Commitment plans: what pays for pools and classic jobs (article, statements 16 and 20). */
import type { Account, Name } from '../core/account.ts';
import { hourOf } from '../core/billing.ts';
import { isId } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { conflict, notFound, badArgument, shown, type Refused } from '../core/refusal.ts';
import { pageOfAll, type PageWish } from '../core/page.ts';
import { devTestTier, periodAt, recycled, type Cycle, type Plan, type Tier } from '../core/plan.ts';
import { suggest } from '../core/suggest.ts';
import { collect } from './all-rows.ts';
import { findAccount } from './find-account.ts';
import { lookAgain } from './look-again.ts';
import { periodFor } from './periods.ts';
import { useOfPlan } from './plan-use.ts';
import type { App, Stored } from './ports.ts';

export type NamedThing = { readonly group: string; readonly name: string };

/** Makes the plan or changes its tier; a new tier's rates hold from the next period on. */
export async function putPlan(
  app: App,
  { subscriptionId }: Account,
  { group, name }: NamedThing,
  tier: string,
  tags: Tags = {},
): Promise<{ kind: 'plan'; plan: Plan; outcome: 'created' | 'updated' } | Refused> {
  const put = await lookAgain(app, async () => {
    const account = await findAccount(app, subscriptionId);
    if (account === undefined) return notFound('AccountNotFound', 'The account no longer exists.');
    const known = await planByName(app, subscriptionId, { group, name });
    const found = await tierFor(app, subscriptionId, tier, known?.row.planId);
    if (found.kind === 'refused') return found;
    if (known !== undefined) return change(app, account, known, { tier: found.tier, tags });
    const nowMs = app.clock.now();
    const planId = app.random.hex(32);
    const cycles = [{ fromMs: hourOf(nowMs), days: found.tier.refillDays }];
    const plan: Plan = { planId, subscriptionId, group, name, tier, createdMs: nowMs, cycles, tags };
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

export type Tags = Readonly<Record<string, string>>;

/** What is not given stays as it is. */
export function patchPlan(
  app: App,
  { subscriptionId }: Account,
  thing: NamedThing,
  { tier, tags }: { readonly tier?: string; readonly tags?: Tags },
): Promise<{ kind: 'plan'; plan: Plan } | Refused> {
  return lookAgain(app, async () => {
    const account = await findAccount(app, subscriptionId);
    const known = await planByName(app, subscriptionId, thing);
    if (account === undefined || known === undefined) return noPlan(thing);
    const found = tier === undefined ? undefined : await tierFor(app, subscriptionId, tier, known.row.planId);
    if (found?.kind === 'refused') return found;
    return change(app, account, known, {
      ...(found === undefined ? {} : { tier: found.tier }),
      ...(tags === undefined ? {} : { tags }),
    });
  });
}

async function change(
  app: App,
  account: Stored<'account'>,
  known: Stored<'plan'>,
  { tier, tags }: { readonly tier?: Tier; readonly tags?: Tags },
): Promise<{ kind: 'plan'; plan: Plan; outcome: 'updated' } | 'conflict'> {
  const plan: Plan = {
    ...known.row,
    ...(tier === undefined ? {} : { tier: tier.name, cycles: cyclesWith(app, known.row, tier) }),
    ...(tags === undefined ? {} : { tags }),
  };
  const done = await app.store.commit([
    { do: 'replace', kind: 'account', row: account.row, etag: account.etag },
    { do: 'replace', kind: 'plan', row: plan, etag: known.etag },
  ]);
  app.memory.forget(`plan|${plan.planId}`);
  return done.kind === 'done' ? { kind: 'plan', plan, outcome: 'updated' } : 'conflict';
}

/** Not where a period ends so soon that an instance may have begun the next one, or still remembers the plan as it was. */
function cyclesWith(app: App, plan: Plan, tier: Tier): readonly Cycle[] {
  const { endMs } = periodAt(plan, app.clock.now() + limits.moveNoticeMs);
  return recycled(plan.cycles, tier.refillDays, endMs);
}

/** Refused: a tier that is none, or a second one of the tier that a subscription may have once. */
async function tierFor(
  app: App,
  subscriptionId: string,
  name: string,
  planId: string | undefined,
): Promise<{ readonly kind: 'tier'; readonly tier: Tier } | Refused> {
  const tiers = app.config.tiers.map((one) => one.name);
  const tier = app.config.tiers.find((one) => one.name === name);
  if (tier === undefined) {
    const near = suggest(name, tiers);
    return badArgument(
      'BadSku',
      `sku.name is "${shown(name)}", and there is no such tier. ${near === undefined ? `Tiers are ${tiers.join(', ')}.` : `Did you mean "${near}"?`}`,
    );
  }
  if (name !== devTestTier) return { kind: 'tier', tier };
  const plans = await presentPlans(app, subscriptionId);
  const other = plans.find((plan) => plan.tier === devTestTier && plan.planId !== planId);
  if (other === undefined) return { kind: 'tier', tier };
  return conflict(
    'DevTestPlanExists',
    `A subscription may have one ${devTestTier} plan, and "${other.name}" in resource group "${other.group}" is one; use that, or take another tier.`,
  );
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
  page: PageWish,
  group?: string,
): Promise<{ kind: 'plans'; plans: readonly Plan[]; after?: string }> {
  const present = await presentPlans(app, subscriptionId);
  const chosen = present.filter((plan) => group === undefined || sameName(plan.group, group));
  const { items, ...more } = pageOfAll(chosen, (plan) => plan.planId, page);
  return { kind: 'plans', plans: items, ...more };
}

async function presentPlans(app: App, subscriptionId: string): Promise<Plan[]> {
  const rows = await collect(app, { of: 'plans', subscriptionId });
  return rows.flatMap(({ row }) => (row.goneMs === undefined ? [row] : []));
}

/** A plan that anything still bills to stays. Its row remains: a start that was under way may still name it. */
export async function deletePlan(
  app: App,
  { subscriptionId }: Account,
  thing: NamedThing,
): Promise<{ kind: 'deleted' } | Refused> {
  return lookAgain<{ kind: 'deleted' } | Refused>(app, async () => {
    const account = await findAccount(app, subscriptionId);
    const known = await planByName(app, subscriptionId, thing);
    if (known === undefined || account === undefined) return noPlan(thing);
    const use = await useOfPlan(app, known.row);
    if (use !== undefined) return conflict('PlanInUse', `The plan "${thing.name}" ${use}`);
    const done = await app.store.commit([
      { do: 'replace', kind: 'account', row: account.row, etag: account.etag },
      { do: 'replace', kind: 'plan', row: { ...known.row, goneMs: app.clock.now() }, etag: known.etag },
      { do: 'remove', kind: 'name', key: nameRow(subscriptionId, 'plan', thing, known.row.planId) },
    ]);
    app.memory.forget(`plan|${known.row.planId}`);
    return done.kind === 'done' ? { kind: 'deleted' } : 'conflict';
  });
}

/** Whatever becomes of a plan, its row stays: remembered for a minute. */
export function recallPlan(
  app: App,
  subscriptionId: string,
  planId: string,
): Promise<Stored<'plan'> | undefined> {
  return app.memory.recall(`plan|${planId}`, 60_000, () => app.store.get('plan', { subscriptionId, planId }));
}

/** The plan that a caller names by its id (32 hex digits) or by its ARM id. */
export async function findPlan(app: App, subscriptionId: string, text: string): Promise<Plan | undefined> {
  const planId = text.toLowerCase();
  if (!isId(planId)) return planByArmId(app, subscriptionId, text);
  const plan = (await app.store.get('plan', { subscriptionId, planId }))?.row;
  return plan?.goneMs === undefined ? plan : undefined;
}

/** The plan that an ARM id names: `/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.MachineLearning/commitmentPlans/{n}`. */
async function planByArmId(app: App, subscriptionId: string, armId: string): Promise<Plan | undefined> {
  const match =
    /^\/subscriptions\/([\w-]+)\/resourceGroups\/([\w().-]+)\/providers\/Microsoft\.MachineLearning\/commitmentPlans\/([\w().-]+)\/?$/i.exec(
      armId,
    );
  const [, owner, group, name] = match ?? [];
  if (owner === undefined || group === undefined || name === undefined) return undefined;
  if (owner.replaceAll('-', '').toLowerCase() !== subscriptionId) return undefined;
  return (await planByName(app, subscriptionId, { group, name }))?.row;
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
    `There is no commitment plan "${shown(name)}" in resource group "${shown(group)}": compare with GET .../resourceGroups/{group}/providers/Microsoft.MachineLearning/commitmentPlans, or make it with PUT.`,
  );
}
