/** The use cases over the twins: one account, plan, service and caller's storage, on a virtual clock and a seeded random. */
import { expect } from 'vitest';
import { putAccount } from '../../shared/app/accounts.ts';
import { createPool } from '../../shared/app/create-pool.ts';
import { lastingApp } from '../../shared/app/lasting.ts';
import { makeMemory } from '../../shared/app/memory.ts';
import { limits } from '../../shared/core/limits.ts';
import { makeTogether } from '../../shared/app/together.ts';
import { makeTurns } from '../../shared/app/turns.ts';
import { makeOneAtATime } from '../../shared/app/one-at-a-time.ts';
import { putPlan } from '../../shared/app/plans.ts';
import type { App, Compute, Config } from '../../shared/app/ports.ts';
import { putService } from '../../shared/app/services.ts';
import { registerJob } from '../../shared/app/register.ts';
import { startJob } from '../../shared/app/start.ts';
import { tick } from '../../shared/app/tick.ts';
import { collect } from '../../shared/app/all-rows.ts';
import { bye, hello, next } from '../../shared/app/vm-calls.ts';
import { finishJob } from '../../shared/app/finish.ts';
import type { Account } from '../../shared/core/account.ts';
import { tagOf } from '../../shared/core/ids.ts';
import type { JobBody } from '../../shared/core/job-request.ts';
import type { Pool } from '../../shared/core/pool.ts';
import type { Refused } from '../../shared/core/refusal.ts';
import type { Service } from '../../shared/core/service.ts';
import type { Vm } from '../../shared/core/vm.ts';
import type { Outcome } from '../../shared/core/vm-protocol.ts';
import { ManualClock } from '../../shared/storage/manual-clock.ts';
import { makeMemoryBlobs, type MemoryBlobs } from '../../shared/storage/memory-blobs.ts';
import { MemoryTable } from '../../shared/storage/memory-table.ts';
import { makeNodeSecrets } from '../../shared/storage/node-secrets.ts';
import { makeSeededRandom } from '../../shared/storage/seeded-random.ts';
import type { Table } from '../../shared/storage/table.ts';
import { makeStore } from '../../shared/storage/table-store.ts';
import { makeWakeups } from '../../shared/storage/wakeups.ts';
import { readSettings } from '../../shared/settings.ts';

export const subscriptionId = 'ab'.repeat(16);
export const endpoint = 'https://caller.blob.core.windows.net';

/** Machines that start when they are told to and end when a test ends them. */
export class Machines implements Compute {
  readonly hostId: string;
  readonly running = new Set<string>();
  readonly exited = new Map<string, string>();
  /** Every machine that was ever started, in order. */
  readonly started: string[] = [];
  holder: 'self' | 'other' = 'self';

  constructor(hostId = 'host-1') {
    this.hostId = hostId;
  }

  async start(vmId: string): Promise<void> {
    if (this.started.includes(vmId)) return;
    this.started.push(vmId);
    this.running.add(vmId);
  }

  async stop(vmId: string): Promise<void> {
    this.running.delete(vmId);
    this.exited.delete(vmId);
  }

  async observe() {
    return { holder: this.holder, running: new Set(this.running), exited: new Map(this.exited) };
  }

  /** The process dies without a word. */
  kill(vmId: string): void {
    if (this.running.delete(vmId)) this.exited.set(vmId, 'its process was killed by SIGKILL');
  }
}

export type World = {
  readonly app: App;
  readonly clock: ManualClock;
  readonly table: MemoryTable;
  readonly blobs: MemoryBlobs;
  readonly machines: Machines;
  readonly account: Account;
  readonly service: Service;
};

export type WorldOptions = {
  readonly config?: Partial<Config>;
  readonly maxPools?: number;
  readonly maxVmsPerPool?: number;
};

export const masterSecret = Buffer.alloc(32, 7);

export async function makeWorld(options: WorldOptions = {}): Promise<World> {
  const clock = new ManualClock();
  const table = new MemoryTable();
  const blobs = makeMemoryBlobs(clock);
  const machines = new Machines();
  const app = makeApp({
    clock,
    table,
    blobs,
    machines,
    ...(options.config === undefined ? {} : { config: options.config }),
  });
  const { account } = await putAccount(app, subscriptionId, {
    maxPools: options.maxPools ?? 10,
    maxVmsPerPool: options.maxVmsPerPool ?? 50,
  });
  ok(await putPlan(app, account, { group: 'rg', name: 's1' }, 'S1'));
  const service = await makeService({ app, blobs, account }, 'adult');
  return { app, clock, table, blobs, machines, account, service };
}

export type AppParts = Pick<World, 'clock' | 'blobs' | 'machines'> & {
  readonly table: Table;
  readonly config?: Partial<Config>;
  readonly seed?: number;
};

/** One instance of the app over shared storage. */
export function makeApp({ clock, table, blobs, machines, config = {}, seed = 1 }: AppParts): App {
  const random = makeSeededRandom(seed);
  const settings = readSettings({
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    MILLPOND_OPERATOR_KEY: 'operator-key-of-the-tests-0123456789',
    MILLPOND_MASTER_SECRET: masterSecret.toString('base64'),
  });
  return lastingApp({
    store: makeStore({ table, random, clock }),
    blobs: blobs.own,
    callerBlobs: blobs.callers,
    compute: machines,
    checkModel: async () => ({
      kind: 'ok',
      columns: [{ name: 'age', type: 'float32' }],
      scored: [{ name: 'Scored Labels', type: 'string' }],
    }),
    clock,
    random,
    secrets: makeNodeSecrets({ masterSecret, operatorKey: 'operator-key-of-the-tests-0123456789' }),
    wakeups: makeWakeups(clock),
    oneAtATime: makeOneAtATime(),
    memory: makeMemory(clock),
    together: makeTogether(limits.finishesTogetherMax),
    modelTurns: makeTurns(limits.modelsAtOnceMax),
    cursors: new Map(),
    walks: new Map(),
    closing: new AbortController().signal,
    log: () => undefined,
    config: {
      publicUrl: 'http://127.0.0.1:7071',
      dispatch: 'at-once',
      vmHoldMs: 0,
      classicVms: 2,
      classicRunningMax: 40,
      provisionMs: 30_000,
      jobMsMax: 86_400_000,
      uploadMs: 30 * 86_400_000,
      jobMemoryMb: 4_096,
      allowedHosts: [],
      tiers: settings.tiers,
      ...config,
    },
  });
}

export async function makeService(
  { app, blobs, account }: Pick<World, 'app' | 'blobs' | 'account'>,
  name: string,
): Promise<Service> {
  const access = blobs.addAccount(endpoint, 'caller', ['models', 'inputs', 'outputs']);
  accessOf.set(blobs, access.kind === 'key' ? access.key : '');
  const model = { endpoint, container: 'models', name: 'adult.onnx' };
  blobs.put(model, 'a model');
  const made = ok(
    await putService(app, account, {
      group: 'rg',
      name,
      title: name,
      commitmentPlan: `/subscriptions/${account.subscriptionId}/resourceGroups/rg/providers/Microsoft.MachineLearning/commitmentPlans/s1`,
      model: {
        uri: `${endpoint}/models/adult.onnx`,
        credentials: blobs.sas(model, 'r', 4_000_000_000_000),
        path: 'properties.assets.model.locationInfo',
      },
      inputs: ['input1'],
      outputs: ['output1'],
      parameters: [],
      echo: {},
    }),
  );
  return made.service;
}

const accessOf = new WeakMap<MemoryBlobs, string>();

export function connectionString(world: Pick<World, 'blobs'>): string {
  return `DefaultEndpointsProtocol=https;AccountName=caller;AccountKey=${accessOf.get(world.blobs)};EndpointSuffix=core.windows.net`;
}

export async function makePool(world: World, vmCount: number): Promise<Pool> {
  const swaggerUrl = `http://127.0.0.1:7071/subscriptions/${subscriptionId}/services/${world.service.serviceId}/swagger.json`;
  return ok(await createPool(world.app, world.account, { vmCount, swaggerUrl })).pool;
}

export function jobBody(
  world: World,
  poolId?: string,
  input = 'inputs/data.csv',
  output = 'outputs/scored.csv',
): JobBody {
  const ConnectionString = connectionString(world);
  return {
    Input: { ConnectionString, RelativeLocation: input },
    Outputs: { output1: { ConnectionString, RelativeLocation: output } },
    ...(poolId === undefined ? {} : { AzureBatchPoolId: poolId }),
  };
}

/** A registered job over a small input that exists. */
export async function registered(world: World, poolId?: string): Promise<string> {
  world.blobs.put({ endpoint, container: 'inputs', name: 'data.csv' }, 'age\n39\n');
  return ok(await registerJob(world.app, world.service, jobBody(world, poolId))).jobId;
}

export async function started(world: World, poolId?: string): Promise<string> {
  const jobId = await registered(world, poolId);
  ok(await startJob(world.app, world.service, jobId));
  return jobId;
}

export async function vmsOf(world: World, poolId: string): Promise<Vm[]> {
  return (await collect(world.app, { of: 'vms', tag: tagOf(poolId) })).map((stored) => stored.row);
}

/** Every machine that runs and has not said hello does so now. Returns the VMs that are up. */
export async function bootAll(world: World, poolId: string): Promise<string[]> {
  for (const vm of await vmsOf(world, poolId)) {
    if (vm.kind === 'provisioning' && world.machines.running.has(vm.vmId)) {
      expect((await hello(world.app, vm.vmId, nonceOf(vm.vmId))).kind).toBe('welcome');
    }
  }
  return (await vmsOf(world, poolId))
    .filter((vm) => vm.kind !== 'provisioning' && vm.kind !== 'stopped')
    .map((vm) => vm.vmId);
}

export function nonceOf(vmId: string): string {
  return vmId.toUpperCase().toLowerCase().split('').toReversed().join('');
}

/** What a VM does when it is free: works off one job after the other; ends when it is told to. Gives the jobs it finished. */
export async function workOff(
  world: World,
  vmId: string,
  outcome: Outcome = { kind: 'finished', rows: 1 },
): Promise<string[]> {
  const nonce = nonceOf(vmId);
  const done: string[] = [];
  let reply = await next(world.app, vmId, nonce);
  for (;;) {
    switch (reply.kind) {
      case 'work': {
        const { jobId, attempt } = reply.assignment;
        done.push(jobId);
        reply = await finishJob(world.app, vmId, { nonce, jobId, attempt, outcome });
        break;
      }
      case 'wait':
        return done;
      case 'stop':
        world.machines.running.delete(vmId);
        await bye(world.app, vmId, nonce);
        return done;
    }
  }
}

export async function job(world: World, jobId: string) {
  return (await world.app.store.get('job', { jobId }))?.row;
}

/** Ticks as a timer would, at this very moment. */
export function ticked(world: World) {
  return tick(world.app);
}

export function ok<T extends { kind: string }>(outcome: T | Refused): Exclude<T, Refused> {
  if (outcome.kind === 'refused') throw new Error(`refused: ${(outcome as Refused).details[0]?.message}`);
  return outcome as Exclude<T, Refused>;
}

export function refusedWith(outcome: { kind: string } | Refused): string | undefined {
  return outcome.kind === 'refused'
    ? (outcome as Refused).details[0]?.code
    : `not refused but ${outcome.kind}`;
}
