/** A web service: a model with named inputs, outputs and parameters. Pure. */
import type { KeyVersions } from './account.ts';
import type { PlanId, ServiceId, SubscriptionId } from './ids.ts';

/** From this instant on the service, and the pools that bill to it, are paid by this plan. */
export type PlanInterval = { readonly planId: PlanId; readonly fromMs: number };

export type ModelPin = { readonly sha256: string; readonly bytes: number };

export type Parameter = { readonly name: string; readonly default?: string | number | boolean };

export type Column = { readonly name: string; readonly type: string };

/** The row: small. The definition as the owner sent it is a blob named by `definition`. */
export type Service = {
  readonly serviceId: ServiceId;
  readonly subscriptionId: SubscriptionId;
  readonly group: string;
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
  /** By time; the last one that has begun pays. */
  readonly plans: readonly PlanInterval[];
  readonly createdMs: number;
  readonly modifiedMs: number;
};

/** The plan that pays for the hour that begins at `hourMs`; the first one pays for everything before it too. */
export function planAt(plans: readonly PlanInterval[], hourMs: number): PlanId | undefined {
  return (plans.findLast((interval) => interval.fromMs <= hourMs) ?? plans[0])?.planId;
}
