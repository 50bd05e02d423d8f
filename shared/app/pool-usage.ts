/** What a pool has used: posted lines plus what runs now, up to the last sign of life. */
import { hourOf, lengthMs, unposted, type Slice } from '../core/billing.ts';
import { tagOf, type PlanId } from '../core/ids.ts';
import type { Pool } from '../core/pool.ts';
import type { Plan } from '../core/plan.ts';
import { planAt } from '../core/service.ts';
import { collect } from './all-rows.ts';
import type { App } from './ports.ts';

export type HourUsage = { readonly hourMs: number; readonly computeMs: number; readonly vms: number };
export type PoolUsage = {
  readonly kind: 'usage';
  readonly fromMs: number;
  readonly toMs: number;
  readonly computeMs: number;
  readonly postedMs: number;
  readonly hours: readonly HourUsage[];
};

/** Slices of VMs that run now, or have stopped, and are not on the ledger yet. */
export async function liveSlices(app: App, poolId: string): Promise<Slice[]> {
  const vms = await collect(app, { of: 'vms', tag: tagOf(poolId) });
  return vms.flatMap(({ row }) => unposted(row));
}

/**
 * Usage within [fromMs, toMs). VM rows are read first, then lines, and an hour that has a line is never counted live:
 * a posting between the two reads is seen once.
 */
export async function usageOfPool(
  app: App,
  pool: Pool,
  planIds: readonly PlanId[],
  fromMs: number,
  toMs: number,
): Promise<PoolUsage> {
  const live = await liveSlices(app, pool.poolId);
  const lines: Slice[] = [];
  for (const planId of new Set(planIds)) {
    const range = {
      of: 'lines',
      planId,
      tag: tagOf(pool.poolId),
      fromHourMs: hourOf(fromMs),
      toHourMs: toMs,
    } as const;
    for (const { row } of await collect(app, range)) if (row.kind === 'vm') lines.push(row);
  }
  const posted = new Set(lines.map((line) => `${line.hourMs}|${line.vmId}`));
  const running = live.filter((slice) => !posted.has(`${slice.hourMs}|${slice.vmId}`));
  const inside = (slices: readonly Slice[]) =>
    slices.map((slice) => clip(slice, fromMs, toMs)).filter((slice) => lengthMs(slice) > 0);
  const postedInside = inside(lines);
  const all = [...postedInside, ...inside(running)];
  return {
    kind: 'usage',
    fromMs,
    toMs,
    computeMs: total(all),
    postedMs: total(postedInside),
    hours: byHour(all),
  };
}

/** The same for every pool whose hours this plan pays for. */
export async function liveSlicesOfPlan(app: App, { subscriptionId, planId }: Plan): Promise<Slice[]> {
  const live: Slice[] = [];
  for (const { row } of await collect(app, { of: 'reservations', subscriptionId })) {
    const serviceId = (await app.store.get('pool', { poolId: row.poolId }))?.row.serviceId;
    if (serviceId === undefined) continue;
    const service = await app.store.get('service', { subscriptionId, serviceId });
    const plans = service?.row.plans ?? [];
    if (!plans.some((interval) => interval.planId === planId)) continue;
    const slices = await liveSlices(app, row.poolId);
    live.push(...slices.filter((slice) => planAt(plans, slice.hourMs) === planId));
  }
  return live;
}

export function total(slices: readonly { fromMs: number; toMs: number }[]): number {
  return slices.reduce((sum, slice) => sum + lengthMs(slice), 0);
}

function clip(slice: Slice, fromMs: number, toMs: number): Slice {
  return { ...slice, fromMs: Math.max(slice.fromMs, fromMs), toMs: Math.min(slice.toMs, toMs) };
}

function byHour(slices: readonly Slice[]): HourUsage[] {
  const hours = new Map<number, { computeMs: number; vms: Set<string> }>();
  for (const slice of slices) {
    const hour = hours.get(slice.hourMs) ?? { computeMs: 0, vms: new Set() };
    hour.computeMs += lengthMs(slice);
    hour.vms.add(slice.vmId);
    hours.set(slice.hourMs, hour);
  }
  return [...hours]
    .sort(([a], [b]) => a - b)
    .map(([at, hour]) => ({ hourMs: at, computeMs: hour.computeMs, vms: hour.vms.size }));
}
