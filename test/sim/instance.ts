/** One instance of the service: its own memory, clock, turns and wakeups; it can stand still, die, and come up anew. */
import { lastingApp } from '../../shared/app/lasting.ts';
import { makeMemory } from '../../shared/app/memory.ts';
import { makeOneAtATime } from '../../shared/app/one-at-a-time.ts';
import { makeTogether } from '../../shared/app/together.ts';
import { makeTurns } from '../../shared/app/turns.ts';
import { limits } from '../../shared/core/limits.ts';
import type { App, Clock, Compute, Config, Log } from '../../shared/app/ports.ts';
import type { SeededRandom } from '../../shared/storage/seeded-random.ts';
import { makeStorageClock, type StorageClock } from '../../shared/storage/storage-clock.ts';
import { makeStore } from '../../shared/storage/table-store.ts';
import { makeQuietClock } from './quiet-clock.ts';
import type { Due, Patient, Scheduler } from './scheduler.ts';
import { makeSimWakeups } from './sim-wakeups.ts';
import type { Storage } from './storage.ts';
import { counted, type Touched } from './touched.ts';

const heardEveryMs = 15_000;

export type InstanceParts = {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly storage: Storage;
  readonly random: SeededRandom;
  readonly config: Config;
  readonly wallSkewMs: number;
  readonly driftPerMs: number;
  /** What is the same for all instances. */
  readonly shared: Pick<App, 'checkModel' | 'secrets'>;
  readonly blobsOf: (instance: Instance) => Pick<App, 'blobs' | 'callerBlobs'>;
  readonly makeCompute: (instance: Instance) => Compute;
  readonly log: Log;
  /** It has died: whatever it had under way is gone. */
  readonly onCrash: (instance: Instance) => void;
  readonly onHeard: (instance: Instance) => void;
};

export class Instance implements Patient {
  readonly name: string;
  readonly clock: StorageClock;
  readonly compute: Compute;
  state: 'up' | 'dead' = 'up';
  pausedUntilMs = 0;
  /** All that it has stood still. */
  pausedMs = 0;
  /** Calls to ports until it dies; undefined: not before long. */
  fuse: number | undefined;
  heardCount = 0;
  private heardMs = 0;
  /** What those who have a request under way do when it dies. */
  readonly open = new Set<() => void>();
  private readonly parts: InstanceParts;
  private readonly base: App;
  private readonly bornMs: number;

  constructor(parts: InstanceParts) {
    const { scheduler, random } = parts;
    this.parts = parts;
    this.name = parts.name;
    this.bornMs = scheduler.nowMs;
    const monotonicMs = () => this.monotonicMs(scheduler.nowMs);
    const wallMs = () => scheduler.nowMs + parts.wallSkewMs;
    const timers = makeQuietClock(this, parts.storage);
    this.open.add(timers.end);
    this.clock = { ...makeStorageClock({ wallMs, monotonicMs }), sleep: timers.sleep };
    const clock: Clock = { now: this.clock.now, sleep: timers.sleep };
    this.compute = parts.makeCompute(this);
    this.base = lastingApp({
      store: makeStore({ table: parts.storage.tableOf(this), random, clock, codec: parts.storage.codec }),
      together: makeTogether(limits.finishesTogetherMax),
      modelTurns: makeTurns(limits.modelsAtOnceMax),
      ...parts.shared,
      ...parts.blobsOf(this),
      compute: this.compute,
      clock,
      random,
      wakeups: makeSimWakeups(this, timers.noteListened),
      oneAtATime: makeOneAtATime(),
      memory: makeMemory(clock),
      cursors: new Map(),
      walks: new Map(),
      closing: new AbortController().signal,
      log: parts.log,
      config: parts.config,
    });
  }

  get isUp(): boolean {
    return this.state === 'up';
  }

  get isPaused(): boolean {
    return this.pausedUntilMs > this.parts.scheduler.nowMs;
  }

  get nowMs(): number {
    return this.parts.scheduler.nowMs;
  }

  /** The app for one request or tick; what it touches is counted there. */
  app(touched: Touched): App {
    return { ...this.base, store: counted(this.base.store, touched) };
  }

  /** Before every call to a port. @returns false when it has died with it */
  step(): boolean {
    if (this.state === 'dead') return false;
    if (this.fuse === undefined) return true;
    this.fuse -= 1;
    if (this.fuse > 0) return true;
    this.crash();
    return false;
  }

  /** Something that reaches it then, unless it is dead; while it stands still, nothing does. */
  after(ms: number, run: () => void): Due {
    return this.parts.scheduler.after(ms, run, this);
  }

  /** After the first few replies, one now and then is enough: no clock here runs away by milliseconds in that time. */
  heard(dateMs: number, sentMs: number): void {
    this.heardCount += 1;
    if (this.heardCount > 8 && this.nowMs < this.heardMs + heardEveryMs) return;
    this.heardMs = this.nowMs;
    this.clock.heard(new Date(dateMs).toUTCString(), this.monotonicMs(sentMs));
    this.parts.onHeard(this);
  }

  /** What its own clock has shown then. */
  private monotonicMs(atMs: number): number {
    return (atMs - this.bornMs) * (1 + this.parts.driftPerMs);
  }

  pause(ms: number): void {
    this.pausedUntilMs = this.nowMs + ms;
    this.pausedMs += ms;
  }

  crash(): void {
    if (this.state === 'dead') return;
    this.state = 'dead';
    this.parts.onCrash(this);
    for (const reset of this.open) reset();
    this.open.clear();
  }
}
