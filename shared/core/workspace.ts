/** A classic workspace: tied by the operator to the account whose pools its services may use. Pure. */
import type { SubscriptionId } from './ids.ts';

/**
 * Whose workspace it is. That it exists, and which plan pays for its classic jobs, says the name row of kind
 * `workspace` in the account's partition: there it changes together with services and plans. Never removed.
 */
export type Workspace = {
  /** 32 hex digits. */
  readonly workspaceId: string;
  readonly subscriptionId: SubscriptionId;
  readonly createdMs: number;
};
