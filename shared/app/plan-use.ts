/** Whether anything still bills to a plan, or could: such a plan cannot be deleted. */
import { hourOf, isSettled } from '../core/billing.ts';
import { classicTag, tagOf } from '../core/ids.ts';
import { isFinal } from '../core/job.ts';
import { limits } from '../core/limits.ts';
import type { Plan } from '../core/plan.ts';
import { endOfPlan, type Service } from '../core/service.ts';
import { allRows, collect } from './all-rows.ts';
import { jobsWithSpec } from './jobs-with-spec.ts';
import type { App } from './ports.ts';

/**
 * The rest of the sentence that begins with the plan's name; undefined when the plan is free. To be asked after the
 * account's version was read: services, moves and workspaces change under it.
 */
export async function useOfPlan(app: App, plan: Plan): Promise<string | undefined> {
  return (
    (await useByServices(app, plan)) ?? (await useByWorkspaces(app, plan)) ?? (await useByJobs(app, plan))
  );
}

async function useByServices(app: App, { subscriptionId, planId }: Plan): Promise<string | undefined> {
  // Stamps of two instances differ by less than a lease.
  const nowMs = app.clock.now() - limits.leaseMs;
  const past: { readonly service: Service; readonly endMs: number }[] = [];
  for (const { row: service } of await collect(app, { of: 'services', subscriptionId })) {
    const endMs = endOfPlan(service.plans, planId);
    if (endMs === Number.POSITIVE_INFINITY) {
      return `pays for the web service "${service.name}"; delete that service, or move its association to another plan.`;
    }
    if (endMs !== undefined && endMs > nowMs) {
      const minutes = Math.ceil((endMs - nowMs) / 60_000);
      return `pays for the web service "${service.name}" for another ${minutes} min; delete it after that.`;
    }
    if (endMs !== undefined) past.push({ service, endMs });
  }
  return past.length === 0 ? undefined : unpostedHours(app, subscriptionId, past);
}

/** Hours of pools that lie before their service's move, and have not reached the ledger. */
async function unpostedHours(
  app: App,
  subscriptionId: string,
  past: readonly { readonly service: Service; readonly endMs: number }[],
): Promise<string | undefined> {
  for (const { row } of await collect(app, { of: 'reservations', subscriptionId })) {
    const pool = (await app.store.get('pool', { poolId: row.poolId }))?.row;
    const left = past.find(({ service }) => service.serviceId === pool?.serviceId);
    if (left === undefined) continue;
    for (const { row: vm } of await collect(app, { of: 'vms', tag: tagOf(row.poolId) })) {
      if (vm.kind === 'provisioning' || vm.readyMs === undefined) continue;
      if (vm.kind === 'stopped' && isSettled(vm)) continue;
      if (hourOf(vm.postedToMs ?? vm.readyMs) < left.endMs) {
        return `still gets hours of the pool ${row.poolId} from before the move; they are posted within minutes, try again then.`;
      }
    }
  }
  return undefined;
}

async function useByWorkspaces(app: App, { subscriptionId, planId }: Plan): Promise<string | undefined> {
  for (const { row } of await collect(app, { of: 'names', subscriptionId, kind: 'workspace' })) {
    if (row.id !== planId) continue;
    // A tie whose workspace has gone over to another account binds nothing.
    const claim = await app.store.get('workspace', { workspaceId: row.name });
    if (claim?.row.subscriptionId !== subscriptionId) continue;
    return `pays for the workspace ${row.name}; the operator must give that another plan first.`;
  }
  return undefined;
}

/** Jobs first, then the outbox: a job that ends between the two reads is seen there. */
async function useByJobs(app: App, { planId }: Plan): Promise<string | undefined> {
  for await (const { row: job } of jobsWithSpec(app, classicTag)) {
    if (!isFinal(job) && job.payer === planId) {
      return `pays for the unfinished job ${job.jobId}; wait for it, or cancel it.`;
    }
  }
  for await (const { row } of allRows(app, { of: 'uses', tag: classicTag })) {
    if (row.planId !== planId) continue;
    return 'still gets the use of jobs that have just ended; it is posted within minutes, try again then.';
  }
  return undefined;
}
