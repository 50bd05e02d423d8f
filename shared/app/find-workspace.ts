/** A classic workspace as it is found: whose it is, and which plan pays for its classic jobs. */
import { isId, type PlanId, type SubscriptionId } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import type { App, Keys } from './ports.ts';

export type WorkspaceView = {
  readonly kind: 'workspace';
  readonly workspaceId: string;
  readonly subscriptionId: SubscriptionId;
  readonly planId: PlanId;
  readonly createdMs: number;
};

/** Two point reads whatever is there; undefined unless both the claim and the account's tie are. */
export async function findWorkspace(app: App, workspaceId: string): Promise<WorkspaceView | undefined> {
  if (!isId(workspaceId)) return undefined;
  const claim = (await app.store.get('workspace', { workspaceId }))?.row;
  const tie = await app.store.get('name', tieKey(claim?.subscriptionId ?? workspaceId, workspaceId));
  return claim === undefined || tie === undefined
    ? undefined
    : { kind: 'workspace', ...claim, planId: tie.row.id };
}

/** Remembered for `limits.keyCacheMs`, as keys are. */
export function recallWorkspace(app: App, workspaceId: string): Promise<WorkspaceView | undefined> {
  return app.memory.recall(workspaceMemory(workspaceId), limits.keyCacheMs, () =>
    findWorkspace(app, workspaceId),
  );
}

/** Under which key workspaces are remembered. */
export function workspaceMemory(workspaceId: string): string {
  return `workspace|${workspaceId}`;
}

/** The row in the account's partition that says which plan pays: it changes together with services and plans. */
export function tieKey(subscriptionId: SubscriptionId, workspaceId: string): Keys['name'] {
  return { subscriptionId, of: 'workspace', group: '-', name: workspaceId };
}
