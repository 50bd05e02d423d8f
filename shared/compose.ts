/** The one composition root: every adapter is made here, from the settings, once per process. */
import { randomBytes } from 'node:crypto';
import { lastingApp } from './app/lasting.ts';
import { lookAfterMachines } from './app/look-after-machines.ts';
import { makeMemory } from './app/memory.ts';
import { makeTogether } from './app/together.ts';
import { makeTurns } from './app/turns.ts';
import { makeOneAtATime } from './app/one-at-a-time.ts';
import { nudge } from './app/nudge.ts';
import type { App, Config, Log } from './app/ports.ts';
import { retireHost } from './app/retire-host.ts';
import { tick } from './app/tick.ts';
import { tagOf } from './core/ids.ts';
import { limits } from './core/limits.ts';
import { makeHostLease } from './compute/host-lease.ts';
import { makeLocalCompute, type LocalCompute } from './compute/local.ts';
import { reportModel } from './scoring/report-model.ts';
import { readSettings, type Settings } from './settings.ts';
import { AzureTable } from './storage/azure-table.ts';
import { makeCallerBlobs } from './storage/caller-blobs.ts';
import { parseStorageAccount } from './storage/connection-string.ts';
import { nodeRandom } from './storage/node-random.ts';
import { makeNodeSecrets } from './storage/node-secrets.ts';
import { makeOwnBlobs } from './storage/own-blobs.ts';
import { makeStorageClock } from './storage/storage-clock.ts';
import { makeStore } from './storage/table-store.ts';
import { makeWakeups } from './storage/wakeups.ts';

/** So often the host of the VMs looks for machines that others asked for. */
const machinesMs = 2_000;

type Composed = { readonly app: App; close(): Promise<void> };

let composed: Promise<Composed> | undefined;

/** The app of this process. @throws SettingsError with the sentence that callers are answered with */
export async function loadApp(): Promise<App> {
  composed ??= Promise.resolve().then(() => compose(readSettings(process.env)));
  return (await composed).app;
}

/** Takes this process's VMs off their pools and ends them; nothing happens where no app was loaded. */
export async function closeApp(): Promise<void> {
  const loaded = await composed?.catch(() => undefined);
  await loaded?.close();
}

function compose(settings: Settings): Composed {
  const { connectionString } = settings;
  const account = parseStorageAccount(connectionString);
  const clock = makeStorageClock();
  const secrets = makeNodeSecrets(settings);
  const closing = new AbortController();
  const lease = makeHostLease({ connectionString, log });
  const compute: LocalCompute = makeLocalCompute({
    hostId: randomBytes(16).toString('hex'),
    vmUrl: () => settings.publicUrl,
    tokenFor: (vmId) => secrets.vmToken(vmId),
    openHosts: [new URL(account.blobEndpoint).hostname],
    lease,
    log,
    onExit: (vmId) => void whenExited(vmId),
  });
  const app = lastingApp({
    store: makeStore({ table: new AzureTable({ account, clock }), random: nodeRandom, clock }),
    blobs: makeOwnBlobs({ account, clock, random: nodeRandom }),
    callerBlobs: makeCallerBlobs({ clock, openEndpoints: [account.blobEndpoint] }),
    compute,
    checkModel: (bytes) =>
      reportModel(bytes, { timeoutMs: limits.modelCheckMs, memoryMb: limits.modelCheckMemoryMb }),
    clock,
    random: nodeRandom,
    secrets,
    wakeups: makeWakeups(clock),
    oneAtATime: makeOneAtATime(),
    memory: makeMemory(clock),
    together: makeTogether(limits.finishesTogetherMax),
    modelTurns: makeTurns(limits.modelsAtOnceMax),
    cursors: new Map(),
    walks: new Map(),
    closing: closing.signal,
    log,
    config: configOf(settings),
  });
  letGoAtSigterm(closing, app);

  /** A dead VM is replaced at once; in `timer` mode the tick finds it. */
  async function whenExited(vmId: string): Promise<void> {
    const vm = await app.store.get('vm', { vmId }).catch(() => undefined);
    if (vm !== undefined && tagOf(vmId) === tagOf(vm.row.poolId)) await nudge(app, vm.row.poolId);
  }

  // The holder looks after its VMs by itself, whatever dispatches: the timer may run on another host, which can start
  // no machine here, and may lag by a minute after a takeover.
  lease.onChange((holder) => {
    if (holder === 'self') {
      void tick(app).catch((error: unknown) => log('takeover-failed', { error: String(error) }));
    }
  });
  const looking = setInterval(() => {
    const look = app.oneAtATime('machines', () => lookAfterMachines(app));
    void look.catch((error: unknown) => log('look-failed', { error: String(error) }));
  }, machinesMs).unref();
  void lease.start();
  const end = async () => {
    clearInterval(looking);
    await close(app, compute, lease);
  };
  return { app, close: end };
}

/**
 * Only beside a listener of the host's own: a first one would take away what the signal does by itself. Hosts give
 * running requests half a minute at SIGTERM, and a VM's held question would take its whole length of it.
 */
function letGoAtSigterm(closing: AbortController, { wakeups }: App): void {
  if (process.listenerCount('SIGTERM') === 0) return;
  process.once('SIGTERM', () => {
    closing.abort();
    for (const topic of wakeups.listenedTo('')) wakeups.notify(topic);
  });
}

async function close(app: App, compute: LocalCompute, lease: { release(): Promise<void> }): Promise<void> {
  await retireHost(app).catch((error: unknown) => log('retire-failed', { error: String(error) }));
  await compute.close();
  await lease.release();
}

function configOf(settings: Settings): Config {
  return {
    publicUrl: settings.publicUrl,
    dispatch: settings.dispatch,
    vmHoldMs: settings.vmHoldMs,
    classicVms: settings.classicVms,
    classicRunningMax: settings.classicRunningMax,
    provisionMs: limits.provisionLocalMs,
    jobMsMax: settings.jobMsMax,
    uploadMs: settings.uploadMs,
    jobMemoryMb: settings.jobMemoryMb,
    allowedHosts: settings.allowedStorageHosts,
    ...(settings.emulatorEndpoint === undefined ? {} : { emulatorEndpoint: settings.emulatorEndpoint }),
    tiers: settings.tiers,
  };
}

/** One JSON line per event, on stdout: the host's log takes it from there. */
const log: Log = (event, fields = {}) => {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
};
