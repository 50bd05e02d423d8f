/** A web service: a model with named inputs, outputs and parameters. Pure. */
import type { KeyVersions } from './account.ts';
import type { PlanId, ServiceId, SubscriptionId } from './ids.ts';
import { limits } from './limits.ts';
import { hourMs } from './plan.ts';

/** From this instant on the service, and the pools that bill to it, are paid by this plan. */
export type PlanInterval = { readonly planId: PlanId; readonly fromMs: number };

export type ModelPin = { readonly sha256: string; readonly bytes: number };

export type Parameter = { readonly name: string; readonly default?: string | number | boolean };

export type Column = { readonly name: string; readonly type: string };

/** Where a service belongs, and the one family of URLs that it is reached by. */
export type Origin =
  /** Resource Manager based: in a resource group of its subscription, paid by a plan of its own. */
  | { readonly kind: 'new'; readonly group: string }
  /** In a classic workspace, whose plan pays for its classic jobs. */
  | { readonly kind: 'classic'; readonly workspaceId: string };

/** The row: small. The definition as the owner sent it is a blob named by `definition`. */
export type Service = {
  readonly serviceId: ServiceId;
  /** The account that it belongs to; of a classic one, the account of its workspace. */
  readonly subscriptionId: SubscriptionId;
  readonly origin: Origin;
  readonly name: string;
  readonly state:
    | { readonly kind: 'succeeded'; readonly model: ModelPin }
    | { readonly kind: 'failed'; readonly reason: string };
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly parameters: readonly Parameter[];
  /** Name of the definition blob. */
  readonly definition: string;
  readonly keys: KeyVersions;
  /** By time; the last one that has begun pays. A classic service has none. */
  readonly plans: readonly PlanInterval[];
  readonly createdMs: number;
  readonly modifiedMs: number;
};

/** The plan that pays for the hour that begins at `hourMs`; the first one pays for everything before it too. */
export function planAt(plans: readonly PlanInterval[], hourMs: number): PlanId | undefined {
  return (plans.findLast((interval) => interval.fromMs <= hourMs) ?? plans[0])?.planId;
}

/** A move that has not begun: at most one. */
export function pendingMove(plans: readonly PlanInterval[], nowMs: number): PlanInterval | undefined {
  return plans.find((interval) => interval.fromMs > nowMs);
}

/**
 * The intervals after a move asked for at `nowMs`: it holds from the first whole hour that begins at least
 * `limits.moveNoticeMs` later, and takes the place of one that has not begun. Moving back to the present plan only
 * takes the pending move away.
 */
export function movedTo(plans: readonly PlanInterval[], planId: PlanId, nowMs: number): PlanInterval[] {
  const begun = plans.filter((interval) => interval.fromMs <= nowMs);
  if (begun.at(-1)?.planId === planId) return begun;
  const fromMs = Math.ceil((nowMs + limits.moveNoticeMs) / hourMs) * hourMs;
  return [...begun, { planId, fromMs }];
}

/** When the plan's last interval ends: infinity while it is the last of all; undefined when it has none. */
export function endOfPlan(plans: readonly PlanInterval[], planId: PlanId): number | undefined {
  const index = plans.findLastIndex((interval) => interval.planId === planId);
  return index < 0 ? undefined : (plans[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY);
}
