/** One seed: a world is made, lived in under faults, and then left in peace until everything has come to its end. */
import type { App, Config } from '../../shared/app/ports.ts';
import { tables } from '../../shared/storage/row-places.ts';
import { makeNodeSecrets } from '../../shared/storage/node-secrets.ts';
import { makeSeededRandom, type SeededRandom } from '../../shared/storage/seeded-random.ts';
import { makeBlobWire } from './blob-wire.ts';
import { makeChecks } from './checks/all.ts';
import { makeFacts, type Facts } from './facts.ts';
import { Hosts } from './hosts.ts';
import { Instance } from './instance.ts';
import { Machines } from './machines.ts';
import { makeMix, type Mix } from './mix.ts';
import { Network } from './network.ts';
import { makeQuickSecrets } from './quick-secrets.ts';
import { makeRowCodec } from './row-codec.ts';
import { Scheduler } from './scheduler.ts';
import { SimBlobs } from './sim-blobs.ts';
import { Storage } from './storage.ts';
import { untouched } from './touched.ts';
import { Trace } from './trace.ts';
import { Users } from './users.ts';
import { Violations, type Violation } from './violations.ts';
import { setVmPace } from './vm-pace.ts';
import { makeVmTrouble } from './vm-trouble.ts';
import { classicWaiting, whileLess, workOff } from './work-off.ts';
import { Weather } from './weather.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Seeds that this divides go on until everything is older than it is kept. */
const agedEvery = 8;
/** 2030-01-01T08:00Z. */
const beginMs = 1_893_484_800_000;
/** VMs that wait are told at the latest then: longer than the real hold, since nothing happens in between. */
const holdMs = 15 * minuteMs;
const masterSecret = Buffer.alloc(32, 7);
const operatorKey = 'operator-key-of-the-simulation-0123456789';

export type SimOptions = {
  readonly seed: number;
  /** Days under faults. */
  readonly days: number;
  readonly jobsADay?: number;
};

export type SimReport = {
  readonly seed: number;
  readonly mix: Mix;
  readonly days: number;
  readonly hash: string;
  readonly events: number;
  readonly operations: number;
  readonly calls: number;
  readonly faults: number;
  readonly crashes: number;
  /** Requests and calls to the storage, by what they were for. */
  readonly kinds: ReadonlyMap<string, readonly [requests: number, calls: number]>;
  readonly started: number;
  /** Those too that were never started, or whose caller never heard of the start. */
  readonly ended: number;
  readonly violations: readonly Violation[];
  /** The last events, or those about the violation. */
  readonly last: (count: number, words?: readonly string[]) => string[];
};

export type World = {
  readonly scheduler: Scheduler;
  readonly storage: Storage;
  readonly blobs: SimBlobs;
  readonly machines: Machines;
  readonly hosts: Hosts;
  readonly network: Network;
  readonly users: Users;
  readonly facts: Facts;
  readonly violations: Violations;
  readonly trace: Trace;
  readonly weather: Weather;
  readonly mix: Mix;
  readonly config: Config;
  readonly random: SeededRandom;
  readonly hooks: WorldHooks;
};

export async function simulate(options: SimOptions): Promise<SimReport> {
  const world = makeWorld(options);
  const { scheduler, hosts, users, weather, network, machines } = world;
  const checks = makeChecks(world);
  const kinds = new Map<string, [number, number]>();
  const count = (what: string, calls: number) => {
    let known = kinds.get(what);
    if (known === undefined) kinds.set(what, (known = [0, 0]));
    known[0] += 1;
    known[1] += calls;
  };
  world.hooks.onServed.push(({ what, touched }) => count(what, touched.calls));
  world.hooks.onTick.push(({ touched }) => count('tick', touched.calls));
  await scheduler.runUntil(beginMs);
  hosts.begin();
  await settle(world);
  const trouble = makeVmTrouble(world);
  weather.begin();
  network.setLossy(true);
  machines.setTrouble(true);
  hosts.makeTrouble();
  trouble.begin();
  users.begin();
  await scheduler.runUntil(beginMs + options.days * dayMs);
  // Faults stop; whatever was begun must come to its end.
  users.stop();
  weather.clear();
  network.setLossy(false);
  machines.setTrouble(false);
  trouble.stop();
  hosts.calmDown();
  // Where only the timer dispatches, everything waits for it.
  const restTickMs = world.mix.dispatch === 'timer' ? minuteMs : 10 * minuteMs;
  hosts.setTickEvery(restTickMs);
  await scheduler.runUntil(scheduler.nowMs + 75 * minuteMs);
  await workOff(world);
  checks.atRest('drained');
  if (!scheduler.halted) {
    void users.leaveAll((subscriptionId) => poolsOf(world, subscriptionId));
    await scheduler.runUntil(scheduler.nowMs + 100 * minuteMs);
    // A plan that is used up pays again with its next day, for as much as a day includes.
    await whileLess(
      () => classicWaiting(world),
      async () => {
        hosts.setTickEvery(hourMs);
        await scheduler.runUntil(scheduler.nowMs + 25 * hourMs);
        hosts.setTickEvery(restTickMs);
        await scheduler.runUntil(scheduler.nowMs + 2 * hourMs);
      },
    );
    checks.atRest('left');
  }
  if (options.seed % agedEvery === 0 && !scheduler.halted) {
    hosts.setTickEvery(6 * hourMs);
    await scheduler.runUntil(scheduler.nowMs + 41 * dayMs);
    checks.atRest('aged');
  }
  return reportOf(world, options, kinds);
}

/** Also those whose creator has never heard of their making. */
function poolsOf({ storage }: World, subscriptionId: string): string[] {
  const listed = storage.shadow.rows(tables.accounts, subscriptionId).keys();
  return [...listed].filter((rk) => rk.startsWith('pool|')).map((rk) => rk.slice('pool|'.length));
}

async function settle({ scheduler, hosts, users }: World): Promise<void> {
  const [first] = hosts.instances;
  const app: App = first!.app(untouched());
  await scheduler.runFor(users.settle(app));
}

export function makeWorld({ seed, jobsADay = 201 }: SimOptions): World {
  const random = makeSeededRandom(seed);
  const mix = makeMix(random.fork());
  setVmPace(mix.vmPace);
  const scheduler = new Scheduler(beginMs);
  const trace = new Trace();
  const violations = new Violations(scheduler);
  const facts = makeFacts();
  const weather = new Weather(mix, random.fork(), scheduler);
  const codec = makeRowCodec((text) => violations.add('rows-as-written', text));
  const storage = new Storage(scheduler, weather, trace, codec);
  const blobs = new SimBlobs(scheduler, weather);
  const onBug = (what: string, error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    violations.add('no-exception', `${what}: ${text.split('\n').slice(0, 4).join(' | ')}`);
  };
  const config = configOf(mix);
  const hooks: WorldHooks = { onServed: [], onTick: [], onOutput: [], onWork: [], onHeard: [], onStop: [] };
  const wire = makeBlobWire(blobs, (commit) => {
    trace.note(scheduler.nowMs, commit.vmId, `commits ${commit.url}`, `${commit.jobId} ${commit.attempt}`);
    for (const hear of hooks.onOutput) hear(commit);
  });
  const workRandom = random.fork();
  const later: { hosts?: Hosts; network?: Network } = {};
  const machines = new Machines({
    scheduler,
    network: () => later.network!,
    wire,
    random: random.fork(),
    mix,
    facts,
    trace,
    holdMs,
    workMs: () => workMs(workRandom),
    onStop: (vmId) => hooks.onStop.forEach((hear) => hear(vmId)),
    onWork: (work) => hooks.onWork.forEach((hear) => hear(work)),
    onExit: (host, vmId) => void later.hosts!.exited(host, vmId),
  });
  const instanceRandom = random.fork();
  const real = makeNodeSecrets({ masterSecret, operatorKey });
  const secrets = mix.sealing === 'real' ? real : makeQuickSecrets(real);
  const makeInstance = (name: string): Instance => {
    const own = instanceRandom.fork();
    const skew = mix.wallSkewMs * (2 * own.fraction() - 1);
    return new Instance({
      name,
      scheduler,
      storage,
      random: own,
      config,
      wallSkewMs: Math.round(skew),
      driftPerMs: mix.driftPerMs * (2 * own.fraction() - 1),
      shared: { checkModel: async () => goodModel, secrets },
      blobsOf: (instance) => ({ blobs: blobs.ownFor(instance), callerBlobs: blobs.callersFor(instance) }),
      makeCompute: (instance) => machines.computeOf(instance),
      log: (event, fields) => {
        trace.note(
          scheduler.nowMs,
          name,
          event,
          String(fields?.['error'] ?? fields?.['vmId'] ?? fields?.['jobId'] ?? ''),
        );
        if (event.endsWith('-failed')) onLoggedFailure(String(fields?.['error']), onBug, event);
      },
      onCrash: (instance) => {
        trace.note(scheduler.nowMs, name, 'dies', '');
        later.hosts!.crashed(instance);
      },
      onHeard: (instance) => {
        for (const hear of hooks.onHeard) hear(instance);
        facts.clockErrorMs = Math.max(facts.clockErrorMs, Math.abs(instance.clock.now() - scheduler.nowMs));
      },
    });
  };
  storage.onChange('pool', ({ before }, { pk, atMs }) => {
    if (before?.hold !== undefined) facts.heldMs.set(pk, atMs);
  });
  const hosts = new Hosts({
    scheduler,
    storage,
    machines,
    mix,
    random: random.fork(),
    makeInstance,
    onBug,
    onTick: (ended) => hooks.onTick.forEach((hear) => hear(ended)),
    onDisturbed: (untilMs) => {
      facts.lastDisturbedMs = Math.max(facts.lastDisturbedMs, untilMs);
    },
  });
  const network = new Network({
    scheduler,
    random: random.fork(),
    mix,
    instances: () => hosts.instances,
    nextUpMs: () => hosts.nextUpMs,
    onBug,
    faults: () => weather.faults.failed + weather.faults.unheard + weather.faults.short,
    onServed: (served) => hooks.onServed.forEach((hear) => hear(served)),
  });
  const users = new Users({
    scheduler,
    network,
    random: random.fork(),
    blobs,
    facts,
    violations,
    jobsADay,
    note: (what, outcome) => trace.note(scheduler.nowMs, 'user', what, outcome),
  });
  Object.assign(later, { hosts, network });
  const world = {
    scheduler,
    storage,
    blobs,
    machines,
    hosts,
    network,
    users,
    facts,
    violations,
    trace,
    weather,
    mix,
    config,
  };
  return { ...world, random: random.fork(), hooks };
}

export type WorldHooks = {
  readonly onWork: ((work: {
    readonly vmId: string;
    readonly jobId: string;
    readonly attempt: number;
  }) => void)[];
  readonly onStop: ((vmId: string) => void)[];
  readonly onHeard: ((instance: Instance) => void)[];
  readonly onOutput: Parameters<typeof makeBlobWire>[1][];
  readonly onServed: ConstructorParameters<typeof Network>[0]['onServed'][];
  readonly onTick: ConstructorParameters<typeof Hosts>[0]['onTick'][];
};

const goodModel = {
  kind: 'ok',
  columns: [{ name: 'age', type: 'float32' }],
  scored: [{ name: 'Scored Labels', type: 'string' }],
} as const;

/** Most are short, some are long. */
function workMs(random: SeededRandom): number {
  return 500 + random.below(random.pick([5_000, 30_000, 30_000, 5 * minuteMs]));
}

/** A nudge or a pool's part of a tick may fail for the storage's sake and for nothing else. */
function onLoggedFailure(error: string, onBug: (what: string, error: unknown) => void, event: string): void {
  const expected = ['StoreFault', 'it took more than', 'another host runs the VMs'];
  if (!expected.some((text) => error.includes(text))) onBug(event, error);
}

function configOf(mix: Mix): Config {
  const tier = { microsPerHour: 500_000, microsPer1000Transactions: 200_000, refillDays: 1 };
  return {
    publicUrl: 'http://127.0.0.1:7071',
    dispatch: mix.dispatch,
    vmHoldMs: holdMs,
    classicVms: mix.classicVms,
    classicRunningMax: mix.classicRunningMax,
    provisionMs: mix.machines === 'local' ? 30_000 : 20 * minuteMs,
    jobMsMax: dayMs,
    jobMemoryMb: 4_096,
    uploadMs: 30 * dayMs,
    allowedHosts: [],
    tiers: [
      {
        name: 'S1',
        includedComputeMs: hourMs,
        includedTransactions: 1_000,
        ...tier,
        suspendOnOverage: false,
      },
      {
        name: 'Long',
        includedComputeMs: 3 * hourMs,
        includedTransactions: 3_000,
        ...tier,
        refillDays: 3,
        suspendOnOverage: false,
      },
      {
        name: 'DevTest',
        includedComputeMs: 8 * hourMs,
        includedTransactions: 150,
        ...tier,
        suspendOnOverage: true,
      },
    ],
  };
}

function reportOf(world: World, { seed, days }: SimOptions, kinds: SimReport['kinds']): SimReport {
  const { trace, scheduler, storage, weather, network, hosts, facts, machines, violations, mix } = world;
  const { failed, unheard, short } = weather.faults;
  return {
    seed,
    mix,
    days,
    hash: trace.hash,
    events: scheduler.events,
    operations: storage.calls,
    calls: network.calls,
    faults: failed + unheard + short + network.lost + hosts.crashes + hosts.pauses + machines.troubles,
    crashes: hosts.crashes,
    kinds,
    started: [...facts.jobs.values()].filter((job) => job.start === 'done').length,
    ended: facts.ended,
    violations: violations.found,
    last: (count, words) => trace.last(count, words),
  };
}
