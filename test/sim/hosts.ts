/**
 * The instances' lives: they come up, stand still, die, go home at night; one holds the machines; one of them ticks.
 */
import { lookAfterMachines } from '../../shared/app/look-after-machines.ts';
import { nudge } from '../../shared/app/nudge.ts';
import { StoreFault } from '../../shared/app/ports.ts';
import { retireHost } from '../../shared/app/retire-host.ts';
import { tick } from '../../shared/app/tick.ts';
import { tagOf } from '../../shared/core/ids.ts';
import type { SeededRandom } from '../../shared/storage/seeded-random.ts';
import type { Instance } from './instance.ts';
import type { Machines } from './machines.ts';
import type { Mix } from './mix.ts';
import type { Scheduler } from './scheduler.ts';
import type { Storage } from './storage.ts';
import { untouched, type Touched } from './touched.ts';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** A host whose lease is not renewed has lost it then; the other ones ask every second. */
const leaseMs = 15 * secondMs;
const lookMs = 2 * secondMs;
const night = { fromMs: 18.5 * hourMs, toMs: 8 * hourMs };

export type HostsParts = {
  readonly scheduler: Scheduler;
  readonly storage: Storage;
  readonly machines: Machines;
  readonly mix: Mix;
  readonly random: SeededRandom;
  readonly makeInstance: (name: string) => Instance;
  readonly onBug: (what: string, error: unknown) => void;
  readonly onTick: (ended: {
    readonly tookMs: number;
    readonly instance: Instance;
    readonly touched: Touched;
  }) => void;
  /** The present disturbance will have lasted until then. */
  readonly onDisturbed: (untilMs: number) => void;
};

export class Hosts {
  instances: Instance[] = [];
  crashes = 0;
  pauses = 0;
  private readonly parts: HostsParts;
  private incarnations = 0;
  private upAgainMs = 0;
  private isFaulty = false;
  private tickEveryMs: number;
  private ticking: Instance | undefined;
  private looking: Instance | undefined;

  constructor(parts: HostsParts) {
    this.parts = parts;
    this.tickEveryMs = parts.mix.tickEveryMs;
    parts.storage.onChange('vm', ({ after }) => {
      if (parts.mix.machines !== 'local') return;
      if (after?.kind === 'stopped' || (after?.kind === 'provisioning' && after.hostId === undefined))
        this.lookSoon();
    });
  }

  get nextUpMs(): number {
    return this.upAgainMs;
  }

  begin(): void {
    for (let n = 0; n < this.parts.mix.instances; n += 1) this.boot();
    this.scheduleTick();
  }

  makeTrouble(): void {
    this.isFaulty = true;
    const { mix } = this.parts;
    this.every(mix.crashEveryMs, () => this.crashOne());
    this.every(mix.pauseEveryMs, () => this.pauseOne());
    if (mix.nights === 'dark') this.scheduleNight();
  }

  calmDown(): void {
    this.isFaulty = false;
    for (const one of this.instances) one.fuse = undefined;
    while (this.instances.length < this.parts.mix.instances) this.boot();
  }

  crashed(instance: Instance): void {
    const { machines, scheduler, random } = this.parts;
    this.crashes += 1;
    this.instances = this.instances.filter((one) => one !== instance);
    this.parts.onDisturbed(scheduler.nowMs);
    if (machines.holder === instance) {
      machines.holder = undefined;
      machines.orphan(instance);
      scheduler.after(leaseMs + random.below(2 * secondMs), () => this.takeOver());
    }
    if (this.isNight()) return;
    const downMs = secondMs + random.below(random.pick([5 * secondMs, 10 * minuteMs]));
    if (this.instances.length === 0) this.upAgainMs = scheduler.nowMs + downMs;
    scheduler.after(downMs, () => {
      if (this.instances.length < this.parts.mix.instances && !this.isNight()) this.boot();
    });
  }

  /** A tick at an instance that is up, whatever the timer says. */
  private async tickNow(): Promise<void> {
    const instance = this.anyUp();
    if (instance !== undefined) await this.tickAt(instance);
  }

  private boot(): void {
    this.incarnations += 1;
    const instance = this.parts.makeInstance(`host-${this.incarnations}`);
    this.instances.push(instance);
    if (this.parts.machines.holder === undefined) {
      this.parts.scheduler.after(this.parts.random.below(leaseMs), () => this.takeOver());
    }
  }

  private takeOver(): void {
    const { machines, mix } = this.parts;
    if (mix.machines === 'batch' || (machines.holder?.isUp === true && !machines.holder.isPaused)) return;
    const instance = this.anyUp();
    if (instance === undefined || instance === machines.holder) return;
    const before = machines.holder;
    machines.holder = instance;
    before?.after(0, () => machines.endAll(before));
    void this.tickAt(instance);
  }

  private anyUp(): Instance | undefined {
    const up = this.instances.filter((one) => one.isUp && !one.isPaused);
    return up.length === 0 ? undefined : this.parts.random.pick(up);
  }

  private crashOne(): void {
    const { random } = this.parts;
    const instance = this.anyUp();
    if (instance === undefined) return;
    // In the middle of something, more often than not.
    if (random.below(3) === 0) instance.crash();
    else instance.fuse = 1 + random.below(60);
  }

  private pauseOne(): void {
    const { random, machines, scheduler } = this.parts;
    const instance = this.anyUp();
    if (instance === undefined) return;
    const ms = secondMs + random.below(random.pick([20 * secondMs, 10 * minuteMs]));
    this.pauses += 1;
    instance.pause(ms);
    this.parts.onDisturbed(scheduler.nowMs + ms);
    if (machines.holder !== instance) return;
    if (random.below(2) === 0) {
      // The whole machine sleeps, with its VMs.
      machines.sleep(scheduler.nowMs + ms);
    } else if (ms > leaseMs) scheduler.after(leaseMs + random.below(secondMs), () => this.takeOver());
  }

  private scheduleNight(): void {
    const { scheduler, random } = this.parts;
    const today = Math.floor(scheduler.nowMs / dayMs) * dayMs;
    const at = today + night.fromMs + (scheduler.nowMs >= today + night.fromMs ? dayMs : 0);
    scheduler.at(at, () => {
      if (!this.isFaulty) return;
      this.upAgainMs = Math.floor(scheduler.nowMs / dayMs) * dayMs + dayMs + night.toMs;
      for (const instance of this.instances) {
        if (random.below(2) === 0) instance.crash();
        else void this.goInOrder(instance);
      }
      scheduler.at(this.upAgainMs, () => {
        while (this.instances.length < this.parts.mix.instances) this.boot();
      });
      this.scheduleNight();
    });
  }

  /** SIGTERM: it takes its VMs off their pools, ends them, and goes. */
  private async goInOrder(instance: Instance): Promise<void> {
    instance.after(30 * secondMs, () => instance.crash());
    try {
      await retireHost(instance.app(untouched()));
    } catch (error) {
      if (!(error instanceof StoreFault)) this.parts.onBug('retire-host', error);
    }
    this.parts.machines.endAll(instance);
  }

  private isNight(): boolean {
    if (!this.isFaulty || this.parts.mix.nights === 'worked') return false;
    const ofDay = this.parts.scheduler.nowMs % dayMs;
    return ofDay >= night.fromMs || ofDay < night.toMs;
  }

  /** From the next one on. */
  setTickEvery(ms: number): void {
    this.tickEveryMs = ms;
  }

  private scheduleTick(): void {
    const { scheduler, mix, random } = this.parts;
    scheduler.after(this.tickEveryMs, () => {
      this.scheduleTick();
      const trouble = this.isFaulty && random.fraction() < mix.tickTrouble;
      const kind = trouble ? random.pick(['missing', 'late', 'twice'] as const) : 'in time';
      switch (kind) {
        case 'missing':
          return;
        case 'late':
          scheduler.after(random.below(5 * minuteMs), () => void this.tickNow());
          return;
        case 'twice':
          void this.tickNow();
          void this.tickNow();
          return;
        case 'in time':
          // A lock of the timer's, which dies with its holder.
          if (this.ticking === undefined || !this.ticking.isUp) void this.tickNow();
      }
    });
  }

  private async tickAt(instance: Instance): Promise<void> {
    const { scheduler } = this.parts;
    const touched: Touched = untouched();
    const beganMs = scheduler.nowMs;
    this.ticking = instance;
    try {
      await tick(instance.app(touched));
      this.parts.onTick({ tookMs: scheduler.nowMs - beganMs, instance, touched });
    } catch (error) {
      if (!(error instanceof StoreFault)) this.parts.onBug('tick', error);
    } finally {
      if (this.ticking === instance) this.ticking = undefined;
    }
  }

  /** The holder looks every two seconds; nothing is to be seen while no row has changed that concerns it. */
  private lookSoon(): void {
    const { holder } = this.parts.machines;
    if (holder === undefined || this.looking === holder) return;
    this.looking = holder;
    holder.after(1 + this.parts.random.below(lookMs), () => void this.look(holder));
  }

  private async look(holder: Instance): Promise<void> {
    this.looking = undefined;
    const app = holder.app(untouched());
    try {
      await app.oneAtATime('machines', () => lookAfterMachines(app));
    } catch (error) {
      // It has lost the lease while it looked: its successor looks then.
      if (String(error).includes('another host runs the VMs')) return;
      if (error instanceof StoreFault) this.lookSoon();
      else this.parts.onBug('machines', error);
    }
  }

  /** A dead VM is replaced at once, but in `timer` mode. */
  async exited(host: Instance, vmId: string): Promise<void> {
    const app = host.app(untouched());
    const vm = await app.store.get('vm', { vmId }).catch(() => undefined);
    if (vm !== undefined && tagOf(vmId) === tagOf(vm.row.poolId)) await nudge(app, vm.row.poolId);
  }

  private every(everyMs: number | undefined, happen: () => void): void {
    const { scheduler, random } = this.parts;
    if (everyMs === undefined) return;
    const next = () => {
      if (!this.isFaulty) return;
      happen();
      scheduler.after(everyMs * 2 * random.fraction(), next);
    };
    scheduler.after(everyMs * 2 * random.fraction(), next);
  }
}
