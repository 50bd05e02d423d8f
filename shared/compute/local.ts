/** VMs as child processes of this one: what a pool is made of where there is no cloud. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Compute, Log } from '../app/ports.ts';
import type { VmId } from '../core/ids.ts';
import type { HostLease } from './host-lease.ts';
import { makeRecentMap } from './recent-map.ts';
import { vmEnvironment } from './vm-environment.ts';

export type LocalComputeOptions = {
  /** This incarnation of the host. */
  readonly hostId: string;
  /** Base URL of the service as VMs reach it. */
  readonly vmUrl: () => string;
  readonly tokenFor: (vmId: VmId) => string;
  readonly lease: Pick<HostLease, 'state' | 'onChange'>;
  readonly log: Log;
  /** Called once for each process that has ended. */
  readonly onExit: (vmId: VmId, cause: string) => void;
  /** Scoring threads of a VM, 1 to 64. Default 1. */
  readonly workers?: number;
  /** Names of hosts that VMs may reach although they lie on this machine: our own storage's. Default none. */
  readonly openHosts?: readonly string[];
  /** A process that was asked to leave is killed after this. Default 5 s. */
  readonly killMs?: number;
  /** Where VMs' JSON lines go. Default `inherit`: to this process's stderr. */
  readonly stderr?: 'inherit' | 'ignore';
};

export type LocalCompute = Compute & {
  /** Stops all VMs and waits for their ends. Nothing is started any more. */
  close(): Promise<void>;
};

type Machine = {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  /** Why it was told to stop. */
  why?: string;
};

const rememberedMax = 10_000;

export function makeLocalCompute(options: LocalComputeOptions): LocalCompute {
  const { hostId, lease, log, onExit, killMs = 5_000 } = options;
  const machines = new Map<VmId, Machine>();
  const exited = makeRecentMap<VmId, string>(rememberedMax);
  /** Ids that have had their process: a second one would be refused by its first call. */
  const used = makeRecentMap<VmId, true>(rememberedMax);
  let life: 'open' | 'closed' = 'open';

  const end = async (vmId: VmId, why: string) => {
    const machine = machines.get(vmId);
    if (machine === undefined) return;
    if (machine.why === undefined) {
      machine.why = why;
      machine.child.kill('SIGTERM');
      const kill = setTimeout(() => machine.child.kill('SIGKILL'), killMs);
      void machine.ended.then(() => clearTimeout(kill));
    }
    await machine.ended;
  };
  const endAll = (why: string) => Promise.all([...machines.keys()].map((vmId) => end(vmId, why)));
  const begin = (vmId: VmId) => {
    const child = forkVm(options, vmId);
    used.set(vmId, true);
    const ended = endOf(child).then((how) => {
      const cause = machine.why === undefined ? how : `${how} (${machine.why})`;
      machines.delete(vmId);
      exited.set(vmId, cause);
      log('compute.vm-ended', { vmId, cause });
      onExit(vmId, cause);
    });
    const machine: Machine = { child, ended };
    machines.set(vmId, machine);
    log('compute.vm-started', { vmId, pid: child.pid });
  };
  const killAll = () => {
    for (const { child } of machines.values()) child.kill('SIGKILL');
  };
  process.on('exit', killAll);
  const unsubscribe = lease.onChange((state) => {
    if (state === 'other') void endAll('another host runs the VMs of this storage');
  });
  return {
    hostId,
    start: async (vmId) => {
      if (used.has(vmId)) return;
      if (life === 'closed') throw new Error('this host is shutting down and starts no VM');
      if (lease.state() === 'other') throw new Error('another host runs the VMs of this storage');
      begin(vmId);
    },
    stop: async (vmId) => {
      await end(vmId, 'it was told to stop');
      exited.delete(vmId);
    },
    observe: async () => ({
      holder: lease.state(),
      running: new Set(machines.keys()),
      exited: exited.copy(),
    }),
    close: async () => {
      life = 'closed';
      unsubscribe();
      await endAll('its host shuts down');
      process.off('exit', killAll);
    },
  };
}

function forkVm(options: LocalComputeOptions, vmId: VmId): ChildProcess {
  // The program has this file's own extension: .ts as written, .js once compiled.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`../vm/main.${extension}`, import.meta.url));
  return fork(program, [], {
    env: vmEnvironment(process.env, {
      vmId,
      url: options.vmUrl(),
      token: options.tokenFor(vmId),
      workers: options.workers ?? 1,
      openHosts: options.openHosts ?? [],
    }),
    execArgv: [],
    // Never piped: a full pipe that nobody reads would stop the VM.
    stdio: ['ignore', 'ignore', options.stderr ?? 'inherit', 'ipc'],
    detached: false,
  });
}

/** How the process ended, or why it could not begin. */
function endOf(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once('exit', (code, signal) => {
    resolve(
      signal === null ? `its process ended with exit code ${code}` : `its process was killed by ${signal}`,
    );
  });
  child.on('error', (error) => {
    // Other errors (a signal or message that did not arrive) say nothing about its life.
    if (child.pid === undefined) resolve(`its process could not be started (${error.message})`);
  });
  return promise;
}
