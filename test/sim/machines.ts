/**
 * Where VMs' processes come from: children of the one host that holds the lease, or machines that belong to no host.
 */
import type { Compute } from '../../shared/app/ports.ts';
import { tagOf } from '../../shared/core/ids.ts';
import type { SeededRandom } from '../../shared/storage/seeded-random.ts';
import { makeRecentMap, type RecentMap } from '../../shared/compute/recent-map.ts';
import type { BlobWire } from './blob-wire.ts';
import type { Facts, VmFacts } from './facts.ts';
import type { Instance } from './instance.ts';
import type { Mix } from './mix.ts';
import type { Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';
import { never } from './storage.ts';
import type { Trace } from './trace.ts';
import { VmProcess, type VmParts } from './vm-process.ts';

export type MachinesParts = {
  readonly scheduler: Scheduler;
  readonly network: () => Network;
  readonly wire: BlobWire;
  readonly random: SeededRandom;
  readonly mix: Mix;
  readonly facts: Facts;
  readonly trace: Trace;
  readonly holdMs: number;
  readonly workMs: () => number;
  readonly onWork: VmParts['onWork'];
  /** The service tells a machine to stop. */
  readonly onStop: (vmId: string) => void;
  /** A process has ended at this host. */
  readonly onExit: (host: Instance, vmId: string) => void;
};

type Machine = {
  readonly vmId: string;
  readonly host: Instance | undefined;
  process?: VmProcess;
  ended: (() => void)[];
};

const killMs = 5_000;
const rememberedMax = 10_000;

export class Machines {
  /** `local`: the host that the machines belong to. */
  holder: Instance | undefined;
  troubles = 0;
  readonly running = new Map<string, Machine>();
  private readonly used = new Set<string>();
  private readonly exitedOf = new WeakMap<Instance, RecentMap<string, string>>();
  private readonly exitedOfAll = makeRecentMap<string, string>(rememberedMax);
  private readonly parts: MachinesParts;
  private isTrouble = false;

  constructor(parts: MachinesParts) {
    this.parts = parts;
  }

  setTrouble(trouble: boolean): void {
    this.isTrouble = trouble;
  }

  /** Processes that run, in the order of their start. */
  processes(): VmProcess[] {
    return [...this.running.values()].flatMap(({ process }) => (process === undefined ? [] : [process]));
  }

  /** Every process stands still until then. */
  sleep(untilMs: number): void {
    for (const vm of this.processes()) {
      vm.pausedUntilMs = Math.max(vm.pausedUntilMs, untilMs);
      const known = this.parts.facts.vms.get(vm.vmId)!;
      known.healthyFromMs = Math.max(known.healthyFromMs, untilMs);
    }
  }

  computeOf(instance: Instance): Compute {
    const isLocal = this.parts.mix.machines === 'local';
    const exited = isLocal ? makeRecentMap<string, string>(rememberedMax) : this.exitedOfAll;
    this.exitedOf.set(instance, exited);
    return {
      hostId: isLocal ? this.parts.random.hex(32) : 'batch',
      start: async (vmId, poolId) => {
        if (!instance.step()) return never();
        if (this.used.has(vmId)) return;
        if (isLocal && this.holder !== instance) throw new Error('another host runs the VMs of this storage');
        this.used.add(vmId);
        this.begin(vmId, poolId, isLocal ? instance : undefined);
      },
      stop: async (vmId) => {
        if (!instance.step()) return never();
        const machine = this.running.get(vmId);
        if (machine !== undefined) this.parts.onStop(vmId);
        if (machine !== undefined && (!isLocal || machine.host === instance))
          await this.stop(instance, machine);
        exited.delete(vmId);
      },
      observe: async () => {
        if (!instance.step()) return never();
        const mine = [...this.running.values()].filter((one) => !isLocal || one.host === instance);
        return {
          holder: !isLocal || this.holder === instance ? 'self' : 'other',
          running: new Set(mine.map((one) => one.vmId)),
          exited: exited.copy(),
        };
      },
    };
  }

  /** Its parent is gone: most end at once, some are in the middle of something. */
  orphan(host: Instance): void {
    const { random, scheduler } = this.parts;
    for (const machine of [...this.running.values()].filter((one) => one.host === host)) {
      const ms = random.below(4) === 0 ? random.below(3_000) : 0;
      scheduler.after(ms, () => this.kill(machine, 'its parent is gone'));
    }
  }

  /** The host is no longer the holder: it ends what it has. */
  endAll(host: Instance): void {
    for (const machine of [...this.running.values()].filter((one) => one.host === host))
      void this.stop(host, machine);
  }

  kill({ vmId, process }: Machine, cause: string): void {
    if (process === undefined) this.ended(vmId, cause);
    else process.die(cause);
  }

  /** The process ends without a word and the machine runs it once more, under the same id. */
  rerun(vmId: string): void {
    const machine = this.running.get(vmId);
    const known = this.parts.facts.vms.get(vmId);
    if (machine?.process === undefined || known?.helloSentMs === undefined) return;
    machine.process.state = 'dead';
    known.doubled = true;
    known.endMs ??= this.parts.scheduler.nowMs;
    this.parts.trace.note(this.parts.scheduler.nowMs, vmId, 'process ends', 'it is run once more');
    const { process } = machine;
    this.parts.scheduler.after(1_000 + this.parts.random.below(30_000), () => {
      if (this.running.get(vmId) !== machine || machine.process !== process) return;
      // Until a hello is answered, whichever comes is the VM.
      delete known.endMs;
      machine.process = this.processOf(known, machine);
      void machine.process.live();
    });
  }

  private begin(vmId: string, poolId: string, host: Instance | undefined): void {
    const { scheduler, random, mix, facts } = this.parts;
    const machine: Machine = { vmId, host, ended: [] };
    this.running.set(vmId, machine);
    const known: VmFacts = {
      vmId,
      poolId,
      openCalls: 0,
      lastServedMs: 0,
      healthyFromMs: scheduler.nowMs,
      doubled: false,
    };
    facts.vms.set(vmId, known);
    this.parts.trace.note(scheduler.nowMs, vmId, 'machine begins', tagOf(poolId));
    const isDead = this.isTrouble && random.fraction() < mix.deadOnArrival;
    scheduler.after(500 + random.below(mix.machines === 'local' ? 4_000 : 90_000), () => {
      if (this.running.get(vmId) !== machine) return;
      if (isDead) {
        if (random.below(2) === 0) this.kill(machine, 'its process could not be started');
        return;
      }
      machine.process = this.processOf(known, machine);
      void machine.process.live();
    });
  }

  private processOf(facts: VmFacts, machine: Machine): VmProcess {
    const { parts } = this;
    return new VmProcess({
      scheduler: parts.scheduler,
      network: parts.network(),
      wire: parts.wire,
      random: parts.random,
      facts,
      workMs: parts.workMs,
      onWork: parts.onWork,
      holdMs: parts.holdMs,
      note: (what, outcome) => parts.trace.note(parts.scheduler.nowMs, machine.vmId, what, outcome),
      onEnd: (_vm, cause) => this.ended(machine.vmId, cause),
    });
  }

  private stop(instance: Instance, machine: Machine): Promise<void> {
    const { process, vmId } = machine;
    if (process === undefined) this.kill(machine, 'it was told to stop');
    else {
      process.leave('it was told to stop');
      this.parts.scheduler.after(killMs, () => {
        if (this.running.get(vmId) === machine) this.kill(machine, 'its process was killed by SIGKILL');
      });
    }
    if (this.running.get(vmId) !== machine) return Promise.resolve();
    return new Promise((resolve) => {
      machine.ended.push(() => instance.after(0, resolve));
    });
  }

  private ended(vmId: string, cause: string): void {
    const machine = this.running.get(vmId);
    if (machine === undefined) return;
    this.running.delete(vmId);
    const { host } = machine;
    const facts = this.parts.facts.vms.get(vmId);
    if (facts !== undefined) facts.endMs ??= this.parts.scheduler.nowMs;
    for (const heard of machine.ended) heard();
    if (host === undefined) this.exitedOfAll.set(vmId, cause);
    else
      host.after(0, () => {
        this.exitedOf.get(host)?.set(vmId, cause);
        this.parts.onExit(host, vmId);
      });
  }
}
