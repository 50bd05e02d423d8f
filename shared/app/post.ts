/** Posts VM time to the ledger, with evidence only, and retires VMs that are posted to their end. */
import { goneOf, isSettled, postable, type Line, type Slice } from '../core/billing.ts';
import { limits } from '../core/limits.ts';
import { periodAt, type Plan } from '../core/plan.ts';
import type { Pool } from '../core/pool.ts';
import { planAt } from '../core/service.ts';
import { posted, type Stopped } from '../core/vm.ts';
import { postLines } from './post-lines.ts';
import type { App, Stored, Write } from './ports.ts';

/** Hours of one pool that go to one plan and one of its periods. */
type Batch = { readonly plan: Plan; readonly startMs: number; readonly slices: Slice[] };

export async function postPool(
  app: App,
  pool: Pool,
  vms: readonly Stored<'vm'>[],
): Promise<'same' | 'changed'> {
  const slices = vms.flatMap((stored) => postable(stored.row, limits.postLinesMax));
  if (slices.length > 0) {
    for (const { plan, startMs, slices: part } of await batches(app, pool, slices)) {
      const lines = part.map((slice): Line => ({ kind: 'vm', planId: plan.planId, ...slice }));
      await postLines(app, plan, startMs, lines);
    }
  }
  let outcome: 'same' | 'changed' = 'same';
  for (const stored of vms) {
    const toMs = slices.findLast((slice) => slice.vmId === stored.row.vmId)?.toMs;
    const row = toMs === undefined ? stored.row : posted(stored.row, toMs);
    const isOver = row.kind === 'stopped' && isSettled(row);
    if (toMs === undefined && !isOver) continue;
    const writes = isOver ? retire(row) : [{ do: 'replace', kind: 'vm', row, etag: stored.etag } as const];
    if ((await app.store.commit(writes)).kind === 'done') outcome = 'changed';
  }
  return outcome;
}

/**
 * Hour by hour, by plan and period, at most `limits.postLinesMax` lines each: whatever dies between two of them leaves no
 * VM's hour behind. A pool without a billing service (classic) costs by job.
 */
async function batches(app: App, pool: Pool, slices: readonly Slice[]): Promise<Batch[]> {
  if (pool.serviceId === undefined) return [];
  const { subscriptionId, serviceId } = pool;
  const service = await app.store.get('service', { subscriptionId, serviceId });
  const found: Batch[] = [];
  for (const slice of slices.toSorted((a, b) => a.hourMs - b.hourMs)) {
    const planId = planAt(service?.row.plans ?? [], slice.hourMs);
    if (planId === undefined) throw new Error(`pool ${pool.poolId} has no plan to bill to`);
    const plan = await app.memory.recall(`plan|${planId}`, 60_000, () =>
      app.store.get('plan', { subscriptionId, planId }),
    );
    if (plan === undefined) throw new Error(`plan ${planId} of pool ${pool.poolId} does not exist`);
    const { startMs } = periodAt(plan.row, slice.fromMs);
    const last = found.at(-1);
    const goesOn =
      last?.plan.planId === planId && last.startMs === startMs && last.slices.length < limits.postLinesMax;
    if (goesOn) last.slices.push(slice);
    else found.push({ plan: plan.row, startMs, slices: [slice] });
  }
  return found;
}

/** Stopped is terminal and settled is final: nobody writes this row any more, so it can be removed as it is. */
function retire(vm: Stopped): Write[] {
  return [
    { do: 'remove', kind: 'vm', key: { vmId: vm.vmId } },
    { do: 'create', kind: 'gone', row: goneOf(vm) },
  ];
}
