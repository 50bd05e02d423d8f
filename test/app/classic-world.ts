/** A classic workspace with a service, beside the account, plan and new service of the world. */
import { putClassicService } from '../../shared/app/classic-services.ts';
import { getPlan, putPlan } from '../../shared/app/plans.ts';
import type { ServiceContent } from '../../shared/app/put-service.ts';
import { putWorkspace } from '../../shared/app/workspaces.ts';
import type { WorkspaceView } from '../../shared/app/find-workspace.ts';
import type { Plan } from '../../shared/core/plan.ts';
import type { Service } from '../../shared/core/service.ts';
import { connectionString, endpoint, ok, subscriptionId, type World } from './world.ts';

export const workspaceId = 'c1'.repeat(16);

export function planArmId(name: string): string {
  return `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.MachineLearning/commitmentPlans/${name}`;
}

export async function planOf(world: World, name: string): Promise<Plan> {
  const { app, account } = world;
  const known = await getPlan(app, account, { group: 'rg', name });
  return known.kind === 'plan'
    ? known.plan
    : ok(await putPlan(app, account, { group: 'rg', name }, 'S1')).plan;
}

/** Paid by the plan `name`, made when it is missing. */
export async function makeWorkspace(world: World, name: string, id = workspaceId): Promise<WorkspaceView> {
  const { planId } = await planOf(world, name);
  return ok(await putWorkspace(world.app, id, { subscriptionId, commitmentPlanId: planId }));
}

export function contentOf(world: World, more: Partial<ServiceContent> = {}): ServiceContent {
  const model = { endpoint, container: 'models', name: 'adult.onnx' };
  return {
    title: 'a service',
    model: {
      uri: `${endpoint}/models/adult.onnx`,
      credentials: world.blobs.sas(model, 'r', 4_000_000_000_000),
      path: 'properties.assets.model.locationInfo',
    },
    inputs: ['input1'],
    outputs: ['output1'],
    parameters: [],
    echo: {},
    ...more,
  };
}

export async function makeClassic(world: World, workspace: WorkspaceView, name = 'old'): Promise<Service> {
  return ok(await putClassicService(world.app, workspace, { name, ...contentOf(world) })).service;
}

/** The key of the caller's storage account. */
export function storageKey(world: World): string {
  return /AccountKey=([^;]+)/.exec(connectionString(world))?.[1] ?? '';
}
