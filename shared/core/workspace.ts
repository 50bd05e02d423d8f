/** A classic workspace: tied by the operator to the account whose pools its services may use, and to the plan that pays. Pure. */
import type { PlanId, SubscriptionId } from './ids.ts';

export type Workspace = {
  /** 32 hex digits. */
  readonly workspaceId: string;
  readonly subscriptionId: SubscriptionId;
  /** Pays for the classic jobs of its services. */
  readonly planId: PlanId;
  readonly createdMs: number;
};
