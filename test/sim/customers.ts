/** Two customers with their plans, workspaces and web services, as an operator and owners make them. */
import { putAccount } from '../../shared/app/accounts.ts';
import { putClassicService } from '../../shared/app/classic-services.ts';
import { putPlan } from '../../shared/app/plans.ts';
import type { App } from '../../shared/app/ports.ts';
import type { ServiceContent } from '../../shared/app/put-service.ts';
import { putService } from '../../shared/app/services.ts';
import { putWorkspace } from '../../shared/app/workspaces.ts';
import type { Account } from '../../shared/core/account.ts';
import type { Refused } from '../../shared/core/refusal.ts';
import type { SimBlobs } from './sim-blobs.ts';

const dayMs = 86_400_000;
/** The storage of all callers. */
export const endpoint = 'https://caller.blob.core.windows.net';
export const quota = { maxPools: 2, maxVmsPerPool: 4 };
export const planNames = ['main', 'other', 'spare'] as const;

export type Customer = {
  readonly account: Account;
  readonly services: readonly string[];
  readonly classic: string;
  /** What their web services are made of. */
  readonly content: ServiceContent;
  /** Of `planNames`. */
  readonly plans: string[];
  readonly pools: Map<string, 'known' | 'deleted'>;
};

export async function makeCustomers(app: App, blobs: SimBlobs): Promise<Customer[]> {
  const customers: Customer[] = [];
  for (const [n, tier] of (['S1', 'DevTest'] as const).entries()) {
    const subscriptionId = String(n + 1).repeat(32);
    const { account } = await putAccount(app, subscriptionId, quota);
    const plans: string[] = [];
    for (const name of planNames) {
      const of = name === 'main' ? tier : 'S1';
      plans.push(ok(await putPlan(app, account, { group: 'rg', name }, of)).plan.planId);
    }
    const model = { endpoint, container: 'models', name: 'a.onnx' };
    blobs.put(`${endpoint}/models/a.onnx`, 'a model');
    const content: ServiceContent = {
      title: 'a',
      model: {
        uri: `${endpoint}/models/a.onnx`,
        credentials: blobs.token(model, 'r', app.clock.now() + 400 * dayMs),
        path: 'model',
      },
      inputs: ['input1'],
      outputs: ['output1'],
      parameters: [],
      echo: {},
    };
    const commitmentPlan = plans[0]!;
    const made = ok(await putService(app, account, { group: 'rg', name: 'svc', ...content, commitmentPlan }));
    const workspaceId = `c${n}`.repeat(16);
    const workspace = ok(
      await putWorkspace(app, workspaceId, { subscriptionId, commitmentPlanId: plans[1]! }),
    );
    const classic = ok(await putClassicService(app, workspace, { name: 'old', ...content }));
    const services = [made.service.serviceId];
    const pools: Customer['pools'] = new Map();
    customers.push({ account, services, classic: classic.service.serviceId, content, plans, pools });
  }
  return customers;
}

function ok<T extends { kind: string }>(outcome: T | Refused): Exclude<T, Refused> {
  if (outcome.kind === 'refused') throw new Error(`refused: ${(outcome as Refused).details[0]?.message}`);
  return outcome as Exclude<T, Refused>;
}
