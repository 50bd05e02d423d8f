/** Every key of every table: where a row of each kind lies, and which kind lies at a place (design: tables). */
import { makeJobId, tagOf } from '../core/ids.ts';
import type { Keys, Kind, Range } from '../app/ports.ts';

export const tables = {
  accounts: 'millpondaccounts',
  workspaces: 'millpondworkspaces',
  ledger: 'millpondledger',
  pools: 'millpondpools',
  live: 'millpondlive',
} as const;
export type TableName = (typeof tables)[keyof typeof tables];

export type Place = { readonly table: TableName; readonly pk: string; readonly rk: string };

/** The one partition of the table `live`. */
const livePartition = '0';
/** Row key of an account and of a pool. */
const main = 'm';
/** Times have so many digits (until the year 33658), so that the order of the keys is the order of the times. */
const timeDigits = 15;
/** Days since 1970, until the year 4707. */
const dayDigits = 6;
/** The character after `|`: where the range of everything that begins with `x|` ends. */
const afterBar = '}';
/** What Azure refuses in keys, and our own separator. */
const forbidden = /[/\\#?|\p{Cc}]/u;
const partLengthMax = 256;

const places: { readonly [K in Kind]: (key: Keys[K]) => Place } = {
  account: (key) => at(tables.accounts, key.subscriptionId, main),
  reservation: (key) => at(tables.accounts, key.subscriptionId, join('pool', key.poolId)),
  plan: (key) => at(tables.accounts, key.subscriptionId, join('plan', key.planId)),
  service: (key) => at(tables.accounts, key.subscriptionId, join('service', key.serviceId)),
  name: (key) => at(tables.accounts, key.subscriptionId, join('name', key.of, key.group, key.name)),
  line: (key) =>
    at(
      tables.ledger,
      key.planId,
      join(part(tagOf(key.poolId)), time(key.hourMs), key.kind === 'vm' ? key.vmId : key.jobId),
    ),
  period: (key) => at(tables.ledger, key.planId, join('period', time(key.startMs))),
  pool: (key) => at(tables.pools, tagOf(key.poolId), main),
  vm: (key) => at(tables.pools, tagOf(key.vmId), join('vm', key.vmId)),
  wait: (key) => at(tables.pools, tagOf(key.poolId), join('wait', key.lane, time(key.startedMs), key.jobId)),
  job: (key) => at(tables.pools, tagOf(key.jobId), join('job', key.jobId)),
  spec: (key) => at(tables.pools, tagOf(key.jobId), join('spec', key.jobId)),
  expiry: (key) => at(tables.pools, tagOf(key.jobId), join('expiry', time(key.atMs), key.jobId)),
  gone: (key) => at(tables.pools, tagOf(key.poolId), join('gone', time(key.atMs), key.vmId)),
  live: (key) => at(tables.live, livePartition, part(key.tag)),
  slot: (key) => at(tables.pools, tagOf(key.poolId), join('slot', key.lane, place(key.place))),
  use: (key) => at(tables.pools, tagOf(key.poolId), join('use', time(key.toMs), key.jobId)),
  jobKey: (key) => at(tables.pools, tagOf(key.poolId), join('idem', day(key.day), key.keyHash)),
  poolKey: (key) => at(tables.accounts, key.subscriptionId, join('idem', day(key.day), key.keyHash)),
  workspace: (key) => at(tables.workspaces, key.workspaceId, main),
};

/** @throws when a part of the key cannot be one: empty, too long, or with a character that keys must not have. */
export function placeOf<K extends Kind>(kind: K, key: Keys[K]): Place {
  return places[kind](key);
}

/** The kind of the row at a place; undefined where nothing of ours should lie. */
export function kindAt(table: string, rk: string): Kind | undefined {
  const bar = rk.indexOf('|');
  const head = bar < 0 ? rk : rk.slice(0, bar);
  switch (table) {
    case tables.accounts:
      return accountKinds.get(head);
    case tables.ledger:
      return head === 'period' ? 'period' : 'line';
    case tables.pools:
      return poolKinds.get(head);
    case tables.live:
      return 'live';
    case tables.workspaces:
      return head === main ? 'workspace' : undefined;
  }
  return undefined;
}

const accountKinds: ReadonlyMap<string, Kind> = new Map([
  [main, 'account'],
  ['pool', 'reservation'],
  ['plan', 'plan'],
  ['service', 'service'],
  ['name', 'name'],
  ['idem', 'poolKey'],
]);
const poolKinds: ReadonlyMap<string, Kind> = new Map([
  [main, 'pool'],
  ['vm', 'vm'],
  ['wait', 'wait'],
  ['job', 'job'],
  ['spec', 'spec'],
  ['expiry', 'expiry'],
  ['gone', 'gone'],
  ['slot', 'slot'],
  ['use', 'use'],
  ['idem', 'jobKey'],
]);

/** Row keys in [from, to) of one partition, or of all where `pk` is absent. */
export type KeyRange = {
  readonly table: TableName;
  readonly pk?: string;
  readonly from: string;
  readonly to: string;
};

export function keyRangeOf(range: Range): KeyRange {
  switch (range.of) {
    case 'accounts':
      // Nothing else in this table lies between the two.
      return { table: tables.accounts, from: main, to: `${main}|` };
    case 'reservations':
      return inAccount(range, under('pool'));
    case 'plans':
      return inAccount(range, under('plan'));
    case 'services':
      return inAccount(range, under('service'));
    case 'names': {
      const group = range.group === undefined ? [] : [range.group];
      return inAccount(range, under('name', range.kind, ...group));
    }
    case 'pool-keys':
      return inAccount(range, before('idem', range.beforeDay, day));
    case 'periods':
      return inLedger(range, under('period'));
    case 'lines': {
      const tag = part(range.tag);
      return inLedger(range, {
        from: join(tag, time(range.fromHourMs)),
        to: join(tag, time(range.toHourMs)),
      });
    }
    case 'ledger': {
      // Tags are hex digits: periods lie behind them.
      const from = range.behindTag === undefined ? '0' : part(range.behindTag) + afterBar;
      return inLedger(range, { from, to: 'g' });
    }
    case 'vms':
      return inPool(range, under('vm'));
    case 'queue':
      return inPool(range, range.lane === undefined ? under('wait') : under('wait', range.lane));
    case 'queue-behind':
      return inPool(range, { from: join('wait', range.lane) + afterBar, to: `wait${afterBar}` });
    case 'slots':
      return inPool(range, range.lane === undefined ? under('slot') : under('slot', range.lane));
    case 'job-keys':
      return inPool(range, before('idem', range.beforeDay, day));
    case 'uses':
      return inPool(range, under('use'));
    case 'vms-and-queue':
      return inPool(range, { from: 'vm|', to: `wait${afterBar}` });
    case 'jobs':
      return inPool(range, registeredUntil('job', range.tag, range.untilMs));
    case 'specs':
      return inPool(range, registeredUntil('spec', range.tag, range.untilMs));
    case 'gone':
      return inPool(range, before('gone', range.beforeMs, time));
    case 'expiries':
      return inPool(range, before('expiry', range.beforeMs, time));
    case 'pool-rows':
      return inPool(range, { from: '0', to: afterBar });
    case 'live':
      return { table: tables.live, pk: livePartition, from: '0', to: afterBar };
  }
}

type Span = { readonly from: string; readonly to: string };

function inAccount({ subscriptionId }: { subscriptionId: string }, span: Span): KeyRange {
  return { table: tables.accounts, pk: part(subscriptionId), ...span };
}

function inLedger({ planId }: { planId: string }, span: Span): KeyRange {
  return { table: tables.ledger, pk: part(planId), ...span };
}

function inPool({ tag }: { tag: string }, span: Span): KeyRange {
  return { table: tables.pools, pk: part(tag), ...span };
}

/** Ids of jobs count time down: what was registered earlier lies behind. */
function registeredUntil(prefix: string, tag: string, untilMs: number | undefined): Span {
  const all = under(prefix);
  return untilMs === undefined ? all : { ...all, from: join(prefix, makeJobId(tag, untilMs, '0'.repeat(9))) };
}

/** What lies under the prefix by a number that comes next in its keys. */
function before(prefix: string, end: number | undefined, digits: (n: number) => string): Span {
  const all = under(prefix);
  return end === undefined ? all : { ...all, to: join(prefix, digits(end)) };
}

function under(head: string, ...parts: string[]): Span {
  const prefix = join(head, ...parts);
  return { from: `${prefix}|`, to: prefix + afterBar };
}

function at(table: TableName, pk: string, rk: string): Place {
  return { table, pk: part(pk), rk };
}

/** @param head ours, or checked already */
function join(head: string, ...parts: string[]): string {
  let key = head;
  for (const one of parts) key += `|${part(one)}`;
  return key;
}

function part(text: string): string {
  if (text === '' || text.length > partLengthMax || forbidden.test(text)) {
    throw new Error(
      `Cannot be a part of a table key: ${JSON.stringify(text.slice(0, 80))}. It must have 1 to ${partLengthMax} characters, without / \\ # ? | and control characters.`,
    );
  }
  return text;
}

/** Three digits: `limits.classicRunningMax` stays below a thousand. */
function place(n: number): string {
  return String(n).padStart(3, '0');
}

function time(ms: number): string {
  return counted(ms, timeDigits);
}

function day(days: number): string {
  return counted(days, dayDigits);
}

function counted(n: number, width: number): string {
  if (!Number.isSafeInteger(n) || n < 0) {
    throw new Error(`Cannot be a time in a table key: ${n}. It must be a whole number, 0 or more.`);
  }
  const digits = String(n).padStart(width, '0');
  if (digits.length > width) throw new Error(`Cannot be a time in a table key: ${n}. It is too late.`);
  return digits;
}
