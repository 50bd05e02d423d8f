/** What the use cases need of the outside, as they need it. Adapters implement it; the core knows nothing of it. */
import type { Account, Name, Reservation } from '../core/account.ts';
import type { Gone, Line } from '../core/billing.ts';
import type { BlobPlace } from '../core/blob-ref.ts';
import type { Slot, Wait } from '../core/dispatch.ts';
import type { Use } from '../core/metering.ts';
import type { Expiry, Job } from '../core/job.ts';
import type { JobId, PlanId, PoolId, SubscriptionId, Tag, VmId } from '../core/ids.ts';
import type { JobKey, PoolKey } from '../core/idempotency.ts';
import type { Workspace } from '../core/workspace.ts';
import type { Period, Plan } from '../core/plan.ts';
import type { Live, Pool } from '../core/pool.ts';
import type { Column, Service } from '../core/service.ts';
import type { Vm } from '../core/vm.ts';
import type { Together } from './together.ts';
import type { Turns } from './turns.ts';

/** Written once with the job, deleted when it is final: what was asked, secrets sealed. At most 256 KiB. */
export type SpecRow = { readonly jobId: JobId; readonly sealed: Uint8Array };

/** Every row type, by its kind. Keys (table, partition, row) are the codec's business. */
export type Rows = {
  account: Account;
  reservation: Reservation;
  plan: Plan;
  service: Service;
  name: Name;
  line: Line;
  period: Period;
  pool: Pool;
  vm: Vm;
  wait: Wait;
  job: Job;
  spec: SpecRow;
  expiry: Expiry;
  gone: Gone;
  live: Live;
  slot: Slot;
  use: Use;
  jobKey: JobKey;
  poolKey: PoolKey;
  workspace: Workspace;
};
export type Kind = keyof Rows;

/** Rows that a process remembers. */
export type Recalled = 'job' | 'spec' | 'vm' | 'pool';

/** The members of a row that name it. */
export type Keys = {
  account: Pick<Account, 'subscriptionId'>;
  reservation: Pick<Reservation, 'subscriptionId' | 'poolId'>;
  plan: Pick<Plan, 'subscriptionId' | 'planId'>;
  service: Pick<Service, 'subscriptionId' | 'serviceId'>;
  name: Pick<Name, 'subscriptionId' | 'of' | 'group' | 'name'>;
  line: Line;
  period: Pick<Period, 'planId' | 'startMs'>;
  pool: Pick<Pool, 'poolId'>;
  vm: Pick<Vm, 'vmId'>;
  wait: Pick<Wait, 'poolId' | 'lane' | 'startedMs' | 'jobId'>;
  job: Pick<Job, 'jobId'>;
  spec: Pick<SpecRow, 'jobId'>;
  expiry: Expiry;
  gone: Pick<Gone, 'poolId' | 'atMs' | 'vmId'>;
  live: Pick<Live, 'tag'>;
  slot: Pick<Slot, 'poolId' | 'lane' | 'place'>;
  use: Pick<Use, 'poolId' | 'toMs' | 'jobId'>;
  jobKey: Pick<JobKey, 'poolId' | 'day' | 'keyHash'>;
  poolKey: Pick<PoolKey, 'subscriptionId' | 'day' | 'keyHash'>;
  workspace: Pick<Workspace, 'workspaceId'>;
};

/** A row as it was read or written, with the version that a conditional write names. */
export type Stored<K extends Kind = Kind> = {
  [P in K]: { readonly kind: P; readonly row: Rows[P]; readonly etag: string };
}[K];

export type Write =
  /** Fails with `exists`. */
  | { [P in Kind]: { readonly do: 'create'; readonly kind: P; readonly row: Rows[P] } }[Kind]
  /** The whole row, if its version is still `etag`; otherwise `changed` or `missing`. */
  | {
      [P in Kind]: { readonly do: 'replace'; readonly kind: P; readonly row: Rows[P]; readonly etag: string };
    }[Kind]
  /** If it is there, whatever its version; otherwise `missing`. Only rows that no other write changes. */
  | { [P in Kind]: { readonly do: 'remove'; readonly kind: P; readonly key: Keys[P] } }[Kind];

export type Commit =
  /** Versions of the created and replaced rows, one per write; `''` for a removed one. */
  | { readonly kind: 'done'; readonly etags: readonly string[] }
  /** Nothing was written. `at`: index of the write that did not fit (0 when the storage does not say). */
  | { readonly kind: 'conflict'; readonly at: number; readonly why: 'exists' | 'changed' | 'missing' };

/** Rows in key order, within one partition. */
export type Range =
  | { readonly of: 'accounts' }
  | { readonly of: 'reservations'; readonly subscriptionId: SubscriptionId }
  | { readonly of: 'plans'; readonly subscriptionId: SubscriptionId }
  | { readonly of: 'services'; readonly subscriptionId: SubscriptionId }
  | {
      readonly of: 'names';
      readonly subscriptionId: SubscriptionId;
      readonly kind: Name['of'];
      readonly group?: string;
    }
  | { readonly of: 'periods'; readonly planId: PlanId }
  /** Lines whose hour lies in [fromHourMs, toHourMs). */
  | {
      readonly of: 'lines';
      readonly planId: PlanId;
      readonly tag: Tag;
      readonly fromHourMs: number;
      readonly toHourMs: number;
    }
  /** All lines of a plan, by tag and hour; only those of tags behind `behindTag`. */
  | { readonly of: 'ledger'; readonly planId: PlanId; readonly behindTag?: Tag }
  | { readonly of: 'vms'; readonly tag: Tag }
  | { readonly of: 'queue'; readonly tag: Tag; readonly lane?: string }
  /** Waiting jobs of all lanes behind this one. */
  | { readonly of: 'queue-behind'; readonly tag: Tag; readonly lane: string }
  | { readonly of: 'slots'; readonly tag: Tag; readonly lane?: string }
  /** By day; only those of days before `beforeDay`. */
  | { readonly of: 'job-keys'; readonly tag: Tag; readonly beforeDay?: number }
  | { readonly of: 'pool-keys'; readonly subscriptionId: SubscriptionId; readonly beforeDay?: number }
  | { readonly of: 'uses'; readonly tag: Tag }
  /** The VMs, then the head of the queue, in one query. */
  | { readonly of: 'vms-and-queue'; readonly tag: Tag }
  /** Newest first; only those registered until then. */
  | { readonly of: 'jobs'; readonly tag: Tag; readonly untilMs?: number }
  /** Unfinished jobs; only those registered until then. */
  | { readonly of: 'specs'; readonly tag: Tag; readonly untilMs?: number }
  /** By their ends; only those before `beforeMs`. */
  | { readonly of: 'gone'; readonly tag: Tag; readonly beforeMs?: number }
  | { readonly of: 'expiries'; readonly tag: Tag; readonly beforeMs?: number }
  /** Whatever lies in a pool's partition. */
  | { readonly of: 'pool-rows'; readonly tag: Tag }
  | { readonly of: 'live' };
/** What a range holds. (`accounts` is the one range over partitions.) */
export type RangeKind = {
  accounts: 'account';
  reservations: 'reservation';
  plans: 'plan';
  services: 'service';
  names: 'name';
  periods: 'period';
  lines: 'line';
  ledger: 'line';
  vms: 'vm';
  queue: 'wait';
  'queue-behind': 'wait';
  slots: 'slot';
  'job-keys': 'jobKey';
  'pool-keys': 'poolKey';
  uses: 'use';
  'vms-and-queue': 'vm' | 'wait';
  jobs: 'job';
  specs: 'spec';
  gone: 'gone';
  expiries: 'expiry';
  'pool-rows': 'pool' | 'vm' | 'wait' | 'job' | 'spec' | 'expiry' | 'gone' | 'slot' | 'use' | 'jobKey';
  live: 'live';
};

export type Page<K extends Kind> = {
  readonly rows: readonly Stored<K>[];
  /** Set when there may be more: pass it on as `after`. */
  readonly after?: string;
};

/**
 * Table storage with typed rows. Calls have a deadline, are retried on passing faults, and recognise their own write
 * after a lost reply. They throw `StoreFault` when the storage cannot be had.
 */
export type Store = {
  get<K extends Kind>(kind: K, key: Keys[K]): Promise<Stored<K> | undefined>;
  /**
   * The row as this process has written or read it within `forMs`, if it is remembered and `fits`; else as it is now.
   * For what the caller then replaces conditionally, so that an outdated row costs a conflict and nothing else, or for
   * what never changes. After a conflict it reads.
   */
  recall<K extends Recalled>(
    kind: K,
    key: Keys[K],
    forMs: number,
    fits?: (row: Rows[K]) => boolean,
  ): Promise<Stored<K> | undefined>;
  /** At most `limit` rows (1 to 1,000, default 1,000) after the place `after`. Empty pages with `after` set are skipped. */
  list<R extends Range>(
    range: R,
    options?: { limit?: number; after?: string },
  ): Promise<Page<RangeKind[R['of']]>>;
  /** The place of a row in lists of one partition: a page `after` it begins with the next one. */
  place<K extends Kind>(kind: K, key: Keys[K]): string;
  /** All or nothing: 1 to 100 rows of one partition, each once. */
  commit(writes: readonly Write[]): Promise<Commit>;
};

/** The storage cannot be had: timed out, throttled or unreachable after all tries. Transient by nature. */
export class StoreFault extends Error {
  readonly code: 'timeout' | 'busy' | 'unreachable' | 'refused';
  constructor(code: StoreFault['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StoreFault';
    this.code = code;
  }
}

export type { BlobPlace };

export type Look =
  | { readonly kind: 'found'; readonly etag: string; readonly bytes: number }
  | { readonly kind: 'missing'; readonly what: 'blob' | 'container' | 'account' }
  | { readonly kind: 'forbidden'; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Blobs of callers: looked at and signed for, never streamed through here. */
export type CallerBlobs = {
  /** HEAD with a deadline. */
  look(place: BlobPlace): Promise<Look>;
  /** Whether the container of an output is there; a SAS that may not say so counts as found. */
  lookForContainer(place: BlobPlace): Promise<'found' | Exclude<Look, { kind: 'found' }>>;
  /** Makes a container of an account whose key is known; one that is there already counts as made. */
  makeContainer(
    container: Pick<BlobPlace, 'endpoint' | 'container' | 'access'>,
  ): Promise<'made' | Exclude<Look, { kind: 'found' }>>;
  /** A URL for this blob only. A place with a SAS of its own keeps it. `permissions`: r(ead), c(reate), w(rite). */
  sign(place: BlobPlace, permissions: 'r' | 'rcw', untilMs: number): string;
  /** The SAS token alone, beginning with `?`. */
  token(place: BlobPlace, permissions: 'r' | 'rcw', untilMs: number): string;
  /** Fetches a whole blob of at most `bytesMax` (a model), with a deadline and no redirects. */
  fetch(
    place: BlobPlace,
    bytesMax: number,
  ): Promise<
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
    | Exclude<Look, { kind: 'found' }>
    | { readonly kind: 'too-large' }
  >;
};

/** Our own containers. */
export type OwnContainer = 'millpond-models' | 'millpond-services' | 'millpond-results' | 'millpond-uploads';
/** `etag`: changes with every `put`, whatever its bytes. */
export type OwnBlob = { readonly name: string; readonly etag: string };
export type OwnBlobs = {
  put(container: OwnContainer, name: string, bytes: Uint8Array): Promise<void>;
  get(container: OwnContainer, name: string): Promise<Uint8Array | undefined>;
  /** At most `limit` blobs (1 to 1,000) in the order of their names, after the place `after`; a page may be empty with `after` set. */
  list(
    container: OwnContainer,
    options: { limit: number; after?: string },
  ): Promise<{ readonly blobs: readonly OwnBlob[]; readonly after?: string }>;
  /** One that is not there counts as removed. @param etag only if that is still its version; another one stays */
  remove(container: OwnContainer, name: string, etag?: string): Promise<void>;
  /** The place of a blob of ours, with our own access, for `CallerBlobs`; its container exists then. */
  place(container: OwnContainer, name: string): Promise<BlobPlace>;
};

/** Machines. Locally child processes of this one; on Azure Batch a task each. */
export type Compute = {
  /** The incarnation that machines started here belong to. */
  readonly hostId: string;
  /** Begins to start a machine for the row; repeated calls change nothing. Throws when it cannot. */
  start(vmId: VmId, poolId: PoolId): Promise<void>;
  /** Ends the machine if there is one. */
  stop(vmId: VmId): Promise<void>;
  observe(): Promise<Observation>;
};

export type Observation = {
  /** `other`: another host holds the VMs of this storage; then nothing is started, stopped or judged by observation. */
  readonly holder: 'self' | 'other';
  readonly running: ReadonlySet<VmId>;
  /** Machines of this incarnation that have ended, with how. */
  readonly exited: ReadonlyMap<VmId, string>;
};

export type ModelReport =
  | {
      readonly kind: 'ok';
      /** CSV columns that the model reads. */
      readonly columns: readonly Column[];
      /** Columns that scoring appends. */
      readonly scored: readonly Column[];
    }
  | { readonly kind: 'refused'; readonly reason: string };
/** Loads a model in a child process with limits and says what it takes and gives. */
export type ModelCheck = (bytes: Uint8Array) => Promise<ModelReport>;

/** Storage time, in ms since 1970. */
export type Clock = {
  now(): number;
  /** Ends early, without an error, when the signal fires. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

export type Random = {
  /** `digits` random lower-case hex digits. */
  hex(digits: number): string;
  /** 0 <= x < 1. */
  fraction(): number;
};

export type KeyOwner = { readonly kind: 'account' | 'service'; readonly id: string };

export type Secrets = {
  /** Base64 of 64 bytes, derived from the master secret. */
  key(owner: KeyOwner, slot: 'primary' | 'secondary', version: number): string;
  vmToken(vmId: VmId): string;
  readonly operatorKey: string;
  /** Constant-time. */
  same(a: string, b: string): boolean;
  /** AES-256-GCM, bound to `context` (account and job); carries the id of its key. */
  seal(plain: string, context: string): string;
  /** @throws SealFault when it was sealed for another context or with another master secret. */
  open(sealed: string, context: string): string;
  sha256(data: string | Uint8Array): string;
};

/** Hears what is notified from its making on, so that nothing said between a look and a wait is missed. */
export type Ear = {
  /** True when notified since its making, at once if so; false after `ms`. */
  wait(ms: number): Promise<boolean>;
  close(): void;
};
/** Wakes what waits in this very process; whoever is not reached finds out by looking. */
export type Wakeups = {
  notify(topic: string): void;
  listen(topic: string): Ear;
  /** Topics with this beginning that somebody listens to. */
  listenedTo(prefix: string): string[];
};

/** One run per topic and process at a time; a call that finds one under way waits for one more run, shared by all who ask. */
export type OneAtATime = (topic: string, run: () => Promise<void>) => Promise<void>;

/** What was read a moment ago, for this long; bounded. */
export type Memory = {
  recall<T>(key: string, forMs: number, load: () => Promise<T>): Promise<T>;
  /** What is remembered, or being read for it right now; undefined when nothing is. */
  peek<T>(key: string): Promise<T | undefined>;
  forget(key: string): void;
  /** Something that holds for the next `forMs` unless it is forgotten. */
  note(key: string, forMs: number): void;
  isNoted(key: string): boolean;
};

export type Log = (
  event: string,
  fields?: Readonly<Record<string, string | number | boolean | undefined>>,
) => void;

/** What use cases are configured with; defaults in settings.ts. */
export type Config = {
  readonly publicUrl: string;
  readonly dispatch: 'at-once' | 'timer';
  readonly vmHoldMs: number;
  readonly classicVms: number;
  /** BES jobs of one classic endpoint that run at a time. */
  readonly classicRunningMax: number;
  readonly provisionMs: number;
  /** Longest run of one attempt of a job. */
  readonly jobMsMax: number;
  /** Uploaded files, and the references to them, live so long; at least a day. */
  readonly uploadMs: number;
  /** Resident memory that a VM may have while it runs a job, in MiB. */
  readonly jobMemoryMb: number;
  readonly allowedHosts: readonly string[];
  /** The emulator's blob endpoint, where callers may name the emulator. */
  readonly emulatorEndpoint?: string;
  readonly tiers: readonly import('../core/plan.ts').Tier[];
};

export type App = {
  /** This process's own: a request's may do nothing any more once that is answered. */
  readonly lasting: App;
  readonly store: Store;
  readonly blobs: OwnBlobs;
  readonly callerBlobs: CallerBlobs;
  readonly compute: Compute;
  readonly checkModel: ModelCheck;
  readonly clock: Clock;
  readonly random: Random;
  readonly secrets: Secrets;
  readonly wakeups: Wakeups;
  readonly oneAtATime: OneAtATime;
  readonly together: Together;
  /** Models that are fetched and checked: each is held in memory meanwhile. */
  readonly modelTurns: Turns;
  readonly memory: Memory;
  /** Where this process's last bounded pass over something ended; a new process begins anew. */
  readonly cursors: Map<string, string>;
  /** Passes that take many ticks, where this process stands in each; a new process begins anew. */
  readonly walks: Map<string, AsyncGenerator<void, void>>;
  /** Aborted when this process is about to end: held requests are let go. */
  readonly closing: AbortSignal;
  readonly log: Log;
  readonly config: Config;
};
