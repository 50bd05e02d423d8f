/** What dispatch looks at: a pool's VMs, as much of its queue as they can take, and (classic) how much room each lane has. */
import { freePlaces, inOrder } from '../core/dispatch.ts';
import { classicTag, type Tag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { collect } from './all-rows.ts';
import { recallService } from './authorize.ts';
import { payerOf } from './payer.ts';
import { planHold } from './plan-hold.ts';
import type { App, Stored } from './ports.ts';

export type Head = {
  readonly vms: readonly Stored<'vm'>[];
  /** In the order that is promised. */
  readonly queue: readonly Stored<'wait'>[];
  /** Classic: places of each lane that are free. */
  readonly places?: ReadonlyMap<string, readonly number[]>;
};

export function readHead(app: App, tag: Tag): Promise<Head> {
  return tag === classicTag ? readClassicHead(app) : readPoolHead(app, tag);
}

/** One range: the VMs, then the queue. Costs O(VMs + k) rows, whatever the history. */
async function readPoolHead(app: App, tag: Tag): Promise<Head> {
  const vms: Stored<'vm'>[] = [];
  const queue: Stored<'wait'>[] = [];
  let after: string | undefined;
  do {
    const limit = limits.headPageRows;
    const page = await app.store.list(
      { of: 'vms-and-queue', tag },
      after === undefined ? { limit } : { limit, after },
    );
    for (const stored of page.rows) {
      if (stored.kind === 'vm') vms.push(stored);
      else queue.push(stored);
    }
    after = page.after;
  } while (after !== undefined && queue.length < idle(vms) + 1);
  return { vms, queue };
}

/** The VMs, and as much of the lanes' queues as they can take. */
async function readClassicHead(app: App): Promise<Head> {
  const vms = await collect(app, { of: 'vms', tag: classicTag });
  return { vms, ...(await readClassicQueue(app, idle(vms))) };
}

/**
 * The heads of at most `limits.lanesPerPassMax` lanes, by start time. A lane whose plan is used up is passed over.
 * @param most jobs of a lane that are looked at
 */
export async function readClassicQueue(
  app: App,
  most: number,
): Promise<Required<Pick<Head, 'queue' | 'places'>>> {
  const lanes = most === 0 ? [] : await waitingLanes(app);
  const places = new Map<string, readonly number[]>();
  const waits = await Promise.all(
    lanes.map(async (lane) => {
      const slots = await collect(app, { of: 'slots', tag: classicTag, lane }, limits.classicRunningMax);
      const taken = slots.map((stored) => stored.row.place);
      places.set(lane, freePlaces(taken, app.config.classicRunningMax));
      const limit = Math.min(most, places.get(lane)?.length ?? 0);
      const waits = limit === 0 ? [] : await collect(app, { of: 'queue', tag: classicTag, lane }, limit);
      const [first] = waits;
      return first === undefined || (await laneHold(app, first.row)) !== undefined ? [] : waits;
    }),
  );
  const byJob = new Map(waits.flat().map((stored) => [stored.row.jobId, stored]));
  const queue = inOrder([...byJob.values()].map((stored) => stored.row)).flatMap(
    (wait) => byJob.get(wait.jobId) ?? [],
  );
  return { queue, places };
}

/** Why a classic lane is passed over, if it is. */
export async function laneHold(
  app: App,
  { subscriptionId, lane }: { subscriptionId: string; lane: string },
): Promise<string | undefined> {
  const service = await recallService(app, subscriptionId, lane);
  if (service === undefined) return undefined;
  const payer = await payerOf(app, service);
  return payer.kind === 'refused' ? payer.details[0]?.message : planHold(app, subscriptionId, payer.planId);
}

/** Lanes with anything waiting, from where the last pass of this process ended, round and round. */
async function waitingLanes(app: App): Promise<string[]> {
  const lanes: string[] = [];
  let cursor = app.cursors.get('lanes') ?? firstLane;
  // Once to the end; from its beginning too, where this walk did not begin there.
  for (let rounds = cursor === firstLane ? 1 : 2; lanes.length < limits.lanesPerPassMax && rounds > 0;) {
    const page = await app.store.list({ of: 'queue-behind', tag: classicTag, lane: cursor }, { limit: 1 });
    const next = page.rows[0]?.row.lane;
    if (next === undefined) {
      rounds -= 1;
      cursor = firstLane;
    } else if (lanes.includes(next)) {
      break;
    } else {
      lanes.push(next);
      cursor = next;
    }
  }
  app.cursors.set('lanes', lanes.length < limits.lanesPerPassMax ? firstLane : cursor);
  return lanes;
}

/** What lies behind it are all lanes. Not `0`: behind that lies no lane that begins with it. */
const firstLane = '-';

/** VMs that can take a job now. */
export function idle(vms: readonly Stored<'vm'>[]): number {
  return vms.filter((stored) => stored.row.kind === 'idle' && stored.row.suspectMs === undefined).length;
}
