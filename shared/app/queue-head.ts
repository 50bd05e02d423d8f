/** What dispatch looks at: a pool's VMs, as much of its queue as they can take, and (classic) how much room each lane has. */
import { freePlaces, inOrder } from '../core/dispatch.ts';
import { classicTag, type Tag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import { collect } from './all-rows.ts';
import { recallService } from './authorize.ts';
import { payerOf } from './payer.ts';
import { planHold } from './plan-hold.ts';
import type { App, Page, Stored } from './ports.ts';

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
async function readPoolHead(app: App, tag: Tag): Promise<Head & { readonly after?: string }> {
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
  return { vms, queue, ...(after === undefined ? {} : { after }) };
}

/** The VMs, and as much of the lanes' queues as they can take. */
async function readClassicHead(app: App): Promise<Head> {
  const { vms, queue, after } = await readPoolHead(app, classicTag);
  const first = { rows: queue, ...(after === undefined ? {} : { after }) };
  return { vms, ...(await readClassicQueue(app, idle(vms), first)) };
}

/**
 * The heads of at most `limits.lanesPerPassMax` lanes, by start time. A lane whose plan is used up is passed over.
 * @param most jobs of a lane that are looked at
 * @param first the beginning of the queue, where it has been read already
 */
export async function readClassicQueue(
  app: App,
  most: number,
  first?: Page<'wait'>,
): Promise<Required<Pick<Head, 'queue' | 'places'>>> {
  const lanes = most === 0 ? [] : await waitingLanes(app, first);
  // As many as VMs at work.
  const slots = lanes.length === 0 ? [] : await collect(app, { of: 'slots', tag: classicTag });
  const places = new Map<string, readonly number[]>();
  const waits = await Promise.all(
    lanes.map(async ({ lane, waits, rest }) => {
      const taken = slots.flatMap(({ row }) => (row.lane === lane ? [row.place] : []));
      const free = freePlaces(taken, app.config.classicRunningMax);
      places.set(lane, free);
      const limit = Math.min(most, free.length);
      if (limit === 0 || (await laneHold(app, waits[0].row)) !== undefined) return [];
      if (rest === 'none' || waits.length >= limit) return waits.slice(0, limit);
      return collect(app, { of: 'queue', tag: classicTag, lane }, limit);
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
  const payer = await app.memory.recall(`payer|${lane}`, limits.planHoldMs, () => payerOf(app, service));
  return payer.kind === 'refused' ? payer.details[0]?.message : planHold(app, subscriptionId, payer.planId);
}

/** A lane as a page of the queue shows it. */
type Lane = {
  readonly lane: string;
  readonly waits: [Stored<'wait'>, ...Stored<'wait'>[]];
  /** `unseen`: the page ends with this lane, so more of it may wait. */
  rest: 'none' | 'unseen';
};

/**
 * Lanes with anything waiting, from where the last pass of this process ended, round and round. Each page begins behind
 * the last lane of the one before: short lanes are seen whole, and a long one holds up nobody.
 */
async function waitingLanes(app: App, first?: Page<'wait'>): Promise<Lane[]> {
  const lanes = new Map<string, Lane>();
  const isFull = () => lanes.size === limits.lanesPerPassMax;
  let cursor = app.cursors.get('lanes') ?? firstLane;
  let page = cursor === firstLane ? first : undefined;
  // Once to the end; from its beginning too, where this walk did not begin there.
  for (let rounds = cursor === firstLane ? 1 : 2; rounds > 0 && !isFull(); page = undefined) {
    page ??= await app.store.list(
      { of: 'queue-behind', tag: classicTag, lane: cursor },
      { limit: limits.headPageRows },
    );
    if (page.after === undefined) rounds -= 1;
    for (const one of lanesOf(page)) {
      if (lanes.has(one.lane)) rounds = 0;
      if (lanes.has(one.lane) || isFull()) break;
      lanes.set(one.lane, one);
      cursor = one.lane;
    }
    if (page.after === undefined && !isFull()) cursor = firstLane;
  }
  app.cursors.set('lanes', isFull() ? cursor : firstLane);
  return [...lanes.values()];
}

function lanesOf({ rows, after }: Page<'wait'>): Lane[] {
  const lanes: Lane[] = [];
  for (const stored of rows) {
    const last = lanes.at(-1);
    if (last?.lane === stored.row.lane) last.waits.push(stored);
    else lanes.push({ lane: stored.row.lane, waits: [stored], rest: 'none' });
  }
  const last = lanes.at(-1);
  if (last !== undefined && after !== undefined) last.rest = 'unseen';
  return lanes;
}

/** What lies behind it are all lanes. Not `0`: behind that lies no lane that begins with it. */
const firstLane = '-';

/** VMs that can take a job now. */
export function idle(vms: readonly Stored<'vm'>[]): number {
  return vms.filter((stored) => stored.row.kind === 'idle' && stored.row.suspectMs === undefined).length;
}
