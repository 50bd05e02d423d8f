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
      join(tagOf(key.poolId), time(key.hourMs), key.kind === 'vm' ? key.vmId : key.jobId),
    ),
  period: (key) => at(tables.ledger, key.planId, join('period', time(key.startMs))),
  pool: (key) => at(tables.pools, tagOf(key.poolId), main),
  vm: (key) => at(tables.pools, tagOf(key.vmId), join('vm', key.vmId)),
  wait: (key) => at(tables.pools, tagOf(key.poolId), join('wait', key.lane, time(key.startedMs), key.jobId)),
  job: (key) => at(tables.pools, tagOf(key.jobId), join('job', key.jobId)),
  spec: (key) => at(tables.pools, tagOf(key.jobId), join('spec', key.jobId)),
  gone: (key) => at(tables.pools, tagOf(key.poolId), join('gone', time(key.atMs), key.vmId)),
  live: (key) => at(tables.live, livePartition, part(key.tag)),
  slot: (key) => at(tables.pools, tagOf(key.poolId), join('slot', key.lane, place(key.place))),
  use: (key) => at(tables.pools, tagOf(key.poolId), join('use', time(key.toMs), key.jobId)),
  jobKey: (key) => at(tables.pools, tagOf(key.poolId), join('idem', key.keyHash)),
  poolKey: (key) => at(tables.accounts, key.subscriptionId, join('idem', key.keyHash)),
  workspace: (key) => at(tables.workspaces, key.workspaceId, main),
};

/** @throws when a part of the key cannot be one: empty, too long, or with a character that keys must not have. */
export function placeOf<K extends Kind>(kind: K, key: Keys[K]): Place {
  return places[kind](key);
}

/** The kind of the row at a place; undefined where nothing of ours should lie. */
export function kindAt(table: string, rk: string): Kind | undefined {
  const head = rk.split('|', 1)[0]!;
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
      return { table: tables.accounts, pk: part(range.subscriptionId), ...under('pool') };
    case 'plans':
      return { table: tables.accounts, pk: part(range.subscriptionId), ...under('plan') };
    case 'services':
      return { table: tables.accounts, pk: part(range.subscriptionId), ...under('service') };
    case 'names': {
      const group = range.group === undefined ? [] : [range.group];
      return {
        table: tables.accounts,
        pk: part(range.subscriptionId),
        ...under('name', range.kind, ...group),
      };
    }
    case 'periods':
      return { table: tables.ledger, pk: part(range.planId), ...under('period') };
    case 'lines':
      return {
        table: tables.ledger,
        pk: part(range.planId),
        from: join(range.tag, time(range.fromHourMs)),
        to: join(range.tag, time(range.toHourMs)),
      };
    case 'ledger':
      // Tags are hex digits: periods lie behind them.
      return { table: tables.ledger, pk: part(range.planId), from: '0', to: 'g' };
    case 'vms':
      return { table: tables.pools, pk: part(range.tag), ...under('vm') };
    case 'queue':
      return {
        table: tables.pools,
        pk: part(range.tag),
        ...(range.lane === undefined ? under('wait') : under('wait', range.lane)),
      };
    case 'queue-behind':
      return {
        table: tables.pools,
        pk: part(range.tag),
        from: join('wait', range.lane) + afterBar,
        to: `wait${afterBar}`,
      };
    case 'slots':
      return {
        table: tables.pools,
        pk: part(range.tag),
        ...(range.lane === undefined ? under('slot') : under('slot', range.lane)),
      };
    case 'job-keys':
      return { table: tables.pools, pk: part(range.tag), ...under('idem') };
    case 'pool-keys':
      return { table: tables.accounts, pk: part(range.subscriptionId), ...under('idem') };
    case 'uses':
      return { table: tables.pools, pk: part(range.tag), ...under('use') };
    case 'vms-and-queue':
      return { table: tables.pools, pk: part(range.tag), from: 'vm|', to: `wait${afterBar}` };
    case 'jobs':
      return { table: tables.pools, pk: part(range.tag), ...under('job') };
    case 'specs':
      return { table: tables.pools, pk: part(range.tag), ...specsUntil(range.tag, range.untilMs) };
    case 'gone':
      return { table: tables.pools, pk: part(range.tag), ...under('gone') };
    case 'live':
      return { table: tables.live, pk: livePartition, from: '0', to: afterBar };
  }
}

/** Ids of jobs count time down: what was registered earlier lies behind. */
function specsUntil(tag: string, untilMs: number | undefined): { from: string; to: string } {
  const all = under('spec');
  return untilMs === undefined ? all : { ...all, from: join('spec', makeJobId(tag, untilMs, '0'.repeat(9))) };
}

function under(...parts: string[]): { from: string; to: string } {
  const prefix = join(...parts);
  return { from: `${prefix}|`, to: prefix + afterBar };
}

function at(table: TableName, pk: string, rk: string): Place {
  return { table, pk: part(pk), rk };
}

function join(...parts: string[]): string {
  for (const one of parts) part(one);
  return parts.join('|');
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
  if (!Number.isSafeInteger(ms) || ms < 0) {
    throw new Error(`Cannot be a time in a table key: ${ms}. It must be a whole number of ms, 0 or more.`);
  }
  const digits = String(ms).padStart(timeDigits, '0');
  if (digits.length > timeDigits) throw new Error(`Cannot be a time in a table key: ${ms}. It is too late.`);
  return digits;
}
