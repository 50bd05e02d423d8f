/** Classic workspaces: the operator ties each to an account and to the plan that pays for its classic jobs. */
import { conflict, badArgument, shown, type Refused } from '../core/refusal.ts';
import { parseSubscriptionId, type SubscriptionId } from '../core/ids.ts';
import type { Workspace } from '../core/workspace.ts';
import { collect } from './all-rows.ts';
import { noWorkspace } from './classic-services.ts';
import { findAccount } from './find-account.ts';
import { findWorkspace, tieKey, workspaceMemory, type WorkspaceView } from './find-workspace.ts';
import { lookAgain } from './look-again.ts';
import { findPlan } from './plans.ts';
import type { App, Stored } from './ports.ts';

export type WorkspaceWish = {
  /** With or without dashes. */
  readonly subscriptionId: string;
  /** A plan's id (32 hex digits) or ARM id. */
  readonly commitmentPlanId: string;
};

/**
 * Makes the workspace, gives it another plan (for the jobs that start from then on), or, while it has no services,
 * another account. Order of writes: the claim, then the tie in the account's partition; a repeat finishes what broke off.
 */
export function putWorkspace(
  app: App,
  workspaceId: string,
  wish: WorkspaceWish,
): Promise<(WorkspaceView & { outcome: 'created' | 'updated' }) | Refused> {
  return lookAgain(app, async () => {
    const subscriptionId = parseSubscriptionId(wish.subscriptionId) ?? '-';
    const account = await findAccount(app, subscriptionId);
    if (account === undefined) return noAccount(wish.subscriptionId);
    const plan = await findPlan(app, subscriptionId, wish.commitmentPlanId);
    if (plan === undefined) return noPlan(wish.commitmentPlanId);
    const claimed = await claim(app, workspaceId, subscriptionId);
    if (claimed === 'conflict' || claimed.kind === 'refused') return claimed;
    const key = tieKey(subscriptionId, workspaceId);
    const tie = await app.store.get('name', key);
    const row = { ...key, id: plan.planId };
    const done = await app.store.commit([
      { do: 'replace', kind: 'account', row: account.row, etag: account.etag },
      tie === undefined
        ? { do: 'create', kind: 'name', row }
        : { do: 'replace', kind: 'name', row, etag: tie.etag },
    ]);
    if (done.kind === 'conflict') return 'conflict';
    app.memory.forget(workspaceMemory(workspaceId));
    const outcome = tie === undefined ? 'created' : 'updated';
    const { createdMs } = claimed.claim;
    return {
      kind: 'workspace',
      workspaceId,
      subscriptionId,
      planId: plan.planId,
      createdMs,
      outcome,
    } as const;
  });
}

/** Says whose workspace it is; what another account still has of it goes first. */
async function claim(
  app: App,
  workspaceId: string,
  subscriptionId: SubscriptionId,
): Promise<{ kind: 'claimed'; claim: Workspace } | Refused | 'conflict'> {
  const old = await app.store.get('workspace', { workspaceId });
  if (old?.row.subscriptionId === subscriptionId) return { kind: 'claimed', claim: old.row };
  if (old !== undefined) {
    const untied = await untie(app, old.row);
    if (untied !== 'untied') return untied;
  }
  const row = { workspaceId, subscriptionId, createdMs: app.clock.now() };
  const done = await app.store.commit([
    old === undefined
      ? { do: 'create', kind: 'workspace', row }
      : { do: 'replace', kind: 'workspace', row, etag: old.etag },
  ]);
  return done.kind === 'done' ? { kind: 'claimed', claim: row } : 'conflict';
}

/** Under the account's version: no service is being made in it meanwhile. */
async function untie(
  app: App,
  { workspaceId, subscriptionId }: Workspace,
): Promise<'untied' | 'conflict' | Refused> {
  const account = await findAccount(app, subscriptionId);
  const key = tieKey(subscriptionId, workspaceId);
  const tie = await app.store.get('name', key);
  if (account === undefined || tie === undefined) return 'untied';
  const names = await namesIn(app, subscriptionId, workspaceId);
  if (names.length > 0) return hasServices(names);
  const done = await app.store.commit([
    { do: 'replace', kind: 'account', row: account.row, etag: account.etag },
    { do: 'remove', kind: 'name', key },
  ]);
  return done.kind === 'done' ? 'untied' : 'conflict';
}

export async function getWorkspace(app: App, workspaceId: string): Promise<WorkspaceView | Refused> {
  return (await findWorkspace(app, workspaceId)) ?? noWorkspace(workspaceId);
}

/** The claim stays behind: without the tie it means nothing. */
export function deleteWorkspace(app: App, workspaceId: string): Promise<{ kind: 'deleted' } | Refused> {
  return lookAgain(app, async () => {
    const workspace = await findWorkspace(app, workspaceId);
    if (workspace === undefined) return noWorkspace(workspaceId);
    const untied = await untie(app, workspace);
    if (untied !== 'untied') return untied;
    app.memory.forget(workspaceMemory(workspaceId));
    return { kind: 'deleted' } as const;
  });
}

function namesIn(app: App, subscriptionId: SubscriptionId, workspaceId: string): Promise<Stored<'name'>[]> {
  return collect(app, { of: 'names', subscriptionId, kind: 'classic', group: workspaceId });
}

function hasServices(names: readonly Stored<'name'>[]): Refused {
  const some = names.slice(0, 3).map(({ row }) => `"${row.name}"`);
  const more = names.length > some.length ? ', ...' : '';
  return conflict(
    'WorkspaceHasServices',
    `The workspace has ${names.length} web service(s) (${some.join(', ')}${more}); delete them first.`,
  );
}

function noAccount(subscription: string): Refused {
  return badArgument(
    'AccountNotFound',
    `subscriptionId is "${shown(subscription, 60)}", and there is no such account; make it with PUT /operator/accounts/{subscriptionId}.`,
  );
}

function noPlan(plan: string): Refused {
  return badArgument(
    'CommitmentPlanNotFound',
    `commitmentPlanId is "${shown(plan, 200)}", and the account has no such plan: give a plan's id (32 hex digits) or its Resource Manager id.`,
  );
}
