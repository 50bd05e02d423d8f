/**
 * The program on a VM, on virtual time: it speaks the real protocol and writes its results with the real code; it can
 * be killed, hang, and lose its network. As `liveVm` and `makePacemaker` do.
 */
import { Buffer } from 'node:buffer';
import { finishJob } from '../../shared/app/finish.ts';
import type { App } from '../../shared/app/ports.ts';
import { bye, hello, next, takeBeat } from '../../shared/app/vm-calls.ts';
import { limits } from '../../shared/core/limits.ts';
import type { Assignment, BeatReply, NextReply, Outcome } from '../../shared/core/vm-protocol.ts';
import type { SeededRandom } from '../../shared/storage/seeded-random.ts';
import type { Engine } from '../../shared/scoring/engine.ts';
import { JobFault } from '../../shared/vm/job-fault.ts';
import { runAssignment } from '../../shared/vm/run-assignment.ts';
import type { BlobWire } from './blob-wire.ts';
import type { VmFacts } from './facts.ts';
import { unheard, type Network, type Unheard } from './network.ts';
import type { Due, Patient, Scheduler } from './scheduler.ts';

export type VmParts = {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly wire: BlobWire;
  readonly random: SeededRandom;
  readonly facts: VmFacts;
  readonly workMs: () => number;
  readonly holdMs: number;
  readonly onWork: (work: {
    readonly vmId: string;
    readonly jobId: string;
    readonly attempt: number;
  }) => void;
  readonly note: (what: string, outcome: string) => void;
  readonly onEnd: (vm: VmProcess, cause: string) => void;
};

const callMs = 60_000;
const giveUpMs = 30 * 60_000;

export class VmProcess implements Patient {
  readonly vmId: string;
  readonly scheduler: Scheduler;
  state: 'up' | 'dead' = 'up';
  pausedUntilMs = 0;
  /** Nobody is reached before. */
  cutUntilMs = 0;
  cutFrom: 'service' | 'all' = 'service';
  /** Calls until it dies. */
  fuse: number | undefined;
  private readonly parts: VmParts;
  private readonly nonce: string;
  private job: { readonly jobId: string; readonly attempt: number } | undefined;
  private drop: AbortController | undefined;
  private leaving: string | undefined;
  private beatTimer: Due | undefined;
  private beating = false;
  private wake: (() => void) | undefined;
  /** Lets go of the call that is being waited for. */
  private abandon: (() => void) | undefined;

  constructor(parts: VmParts) {
    this.parts = parts;
    this.vmId = parts.facts.vmId;
    this.scheduler = parts.scheduler;
    this.nonce = parts.random.hex(32);
  }

  get isUp(): boolean {
    return this.state === 'up';
  }
  get nowMs(): number {
    return this.scheduler.nowMs;
  }
  get isReached(): boolean {
    return this.isUp && this.pausedUntilMs <= this.nowMs;
  }
  get isWorking(): boolean {
    return this.job !== undefined;
  }

  isCutFrom(what: 'service' | 'blobs'): boolean {
    return this.cutUntilMs > this.nowMs && (what === 'service' || this.cutFrom === 'all');
  }

  after(ms: number, run: () => void): Due {
    return this.scheduler.after(ms, run, this);
  }

  /** Ends early when the process is asked to leave. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.after(ms, () => {
        this.wake = undefined;
        resolve();
      });
      this.wake = () => {
        this.wake = undefined;
        timer.callOff();
        resolve();
      };
    });
  }

  /** Before each of its calls. */
  step(): void {
    if (this.fuse === undefined) return;
    this.fuse -= 1;
    if (this.fuse <= 0) this.die('its process was killed by SIGKILL');
  }

  die(cause: string): void {
    if (this.state === 'dead') return;
    this.state = 'dead';
    this.parts.facts.endMs = this.nowMs;
    this.parts.note('process ends', cause);
    this.parts.onEnd(this, cause);
  }

  /** SIGTERM: it says goodbye, if it still can. */
  leave(why: string): void {
    this.leaving ??= why;
    this.drop?.abort(why);
    this.wake?.();
    this.abandon?.();
  }

  async live(): Promise<void> {
    this.parts.note('process begins', this.nonce.slice(0, 8));
    this.parts.facts.helloSentMs ??= this.nowMs;
    const welcome = await this.ask('hello', (app) => hello(app, this.vmId, this.nonce));
    if (welcome.kind === 'stop') return this.goodbye(welcome.why);
    this.scheduleBeat();
    let reply: NextReply = await this.next();
    for (;;) {
      switch (reply.kind) {
        case 'stop':
          return this.goodbye(reply.why);
        case 'wait':
          if (reply.pauseMs > 0) await this.sleep(reply.pauseMs);
          reply = await this.next();
          break;
        case 'work':
          reply = await this.work(reply.assignment);
          break;
      }
    }
  }

  private next(): Promise<NextReply> {
    const deadlineMs = this.parts.holdMs + callMs;
    return this.ask('next', (app) => next(app, this.vmId, this.nonce), deadlineMs);
  }

  private async work(assignment: Assignment): Promise<NextReply> {
    const { jobId, attempt } = assignment;
    const drop = new AbortController();
    this.job = { jobId, attempt };
    this.drop = drop;
    if (this.leaving !== undefined) drop.abort(this.leaving);
    this.scheduleBeat();
    this.parts.onWork({ vmId: this.vmId, jobId, attempt });
    this.parts.note(`works on ${jobId}`, String(attempt));
    let outcome: Outcome | undefined;
    try {
      outcome = await this.run(assignment, drop.signal);
    } catch (error) {
      if (!drop.signal.aborted) throw error;
    }
    const isOurs = !drop.signal.aborted && outcome !== undefined;
    this.job = undefined;
    this.drop = undefined;
    this.scheduleBeat();
    if (!isOurs) return this.next();
    return this.ask('finish', (app) =>
      finishJob(app, this.vmId, { nonce: this.nonce, jobId, attempt, outcome: outcome! }),
    );
  }

  private run(assignment: Assignment, signal: AbortSignal): Promise<Outcome> {
    const { wire } = this.parts;
    const ask: BlobWire['ask'] = (vm, call, until) => wire.ask(vm, call, until);
    const engine = { info: { inputs: [] }, score: this.scoring(assignment, signal) } as unknown as Engine;
    return runAssignment(
      {
        models: { open: async () => engine, discard: async () => undefined, close: async () => undefined },
        patience: {
          callMs,
          stageMs: callMs,
          silenceMs: giveUpMs,
          giveUpMs,
          ask: (call, until) => ask(this, call, until),
        },
        // Its own length is of real chance.
        pause: () => this.sleep(100),
      },
      assignment,
      { signal, onProgress: () => undefined, stillOurs: () => this.stillOurs() },
    );
  }

  /** The result says whose it is and of what, so that a wrong one would be seen. */
  private scoring(assignment: Assignment, signal: AbortSignal): Engine['score'] {
    const { jobId, attempt } = assignment;
    return async ({ write }) => {
      const input = Object.values(assignment.inputs)[0]!;
      const call = { method: 'GET', url: input.url, headers: { 'if-match': input.etag }, callMs } as const;
      const read = await this.parts.wire.ask(this, call, signal);
      if (read.kind !== 'done') throw new JobFault('InvalidBlob', `the input cannot be read: ${read.kind}`);
      await this.sleep(this.parts.workMs());
      signal.throwIfAborted();
      await write(Buffer.from(`${jobId} ${attempt} of ${read.response.headers.get('body') ?? ''}.`));
      return { rows: 1, bytesIn: 1, bytesOut: 1, rowErrors: { count: 0, byReason: {} }, unseen: {} };
    };
  }

  private async stillOurs(): Promise<void> {
    const job = this.job;
    this.heed(await this.ask<BeatReply>('surely-beat', (app) => this.beatCall(app, job)), job);
  }

  private beatCall(app: App, job: typeof this.job): Promise<BeatReply> {
    const about = job === undefined ? {} : { job: { ...job, rowsDone: 0 } };
    return takeBeat(app, this.vmId, { nonce: this.nonce, ...about });
  }

  private heed(reply: BeatReply, job: typeof this.job): void {
    if (reply.kind === 'stop') this.leave(reply.why);
    else if (reply.kind === 'drop' && job !== undefined && job === this.job) {
      this.drop?.abort('dropped');
      this.wake?.();
    }
  }

  private scheduleBeat(mostMs = Number.POSITIVE_INFINITY): void {
    if (this.beating) return;
    this.beatTimer?.callOff();
    const ms = this.job === undefined ? limits.beatIdleMs : limits.beatBusyMs;
    this.beatTimer = this.after(Math.min(ms, mostMs), () => void this.beat());
  }

  private async beat(): Promise<void> {
    const { job } = this;
    this.beating = true;
    const reply = await this.once('beat', (app) => this.beatCall(app, job), limits.beatIdleMs);
    if (reply.kind !== 'unheard') this.heed(reply, job);
    this.beating = false;
    this.scheduleBeat(reply.kind === 'unheard' ? limits.beatAgainMs : undefined);
  }

  private async goodbye(why: string): Promise<void> {
    await this.once('bye', (app) => bye(app, this.vmId, this.nonce), 2_000);
    this.die(`it left (${why})`);
  }

  /** Every call is repeated until it is answered. */
  private async ask<T extends { readonly kind: string }>(
    what: string,
    run: (app: App) => Promise<T>,
    deadlineMs = callMs,
  ): Promise<T | { readonly kind: 'stop'; readonly why: string }> {
    const sinceMs = this.nowMs;
    for (let failures = 1; ; failures += 1) {
      if (this.leaving !== undefined) return { kind: 'stop', why: this.leaving };
      const reply = await this.once(what, run, deadlineMs);
      if (this.leaving !== undefined) return { kind: 'stop', why: this.leaving };
      if (reply.kind !== 'unheard') return reply as T;
      if (this.nowMs - sinceMs > giveUpMs) return { kind: 'stop', why: `the service did not answer ${what}` };
      await this.sleep(Math.min(5_000, 50 * 2 ** failures));
    }
  }

  private once<T extends { readonly kind: string }>(
    what: string,
    run: (app: App) => Promise<T>,
    deadlineMs: number,
  ): Promise<T | Unheard> {
    this.step();
    const { facts, network, note } = this.parts;
    const sentMs = this.nowMs;
    facts.lastSentMs = sentMs;
    facts.openCalls += 1;
    if (this.isCutFrom('service')) {
      facts.openCalls -= 1;
      facts.healthyFromMs = Math.max(facts.healthyFromMs, this.cutUntilMs);
      return new Promise((resolve) => {
        this.after(Math.min(deadlineMs, 1 + this.cutUntilMs - this.nowMs), () => resolve(unheard));
      });
    }
    const onServed = () => {
      facts.openCalls -= 1;
      facts.lastServedMs = this.nowMs;
    };
    return new Promise((resolve) => {
      if (what !== 'beat' && what !== 'bye') this.abandon = () => resolve(unheard);
      const onLost = () => {
        facts.healthyFromMs = Math.max(facts.healthyFromMs, this.nowMs + deadlineMs);
      };
      const servedMs = Math.max(limits.requestMsMax, deadlineMs - callMs / 2);
      void network.call(this, `vm ${what}`, run, { deadlineMs, servedMs, onServed, onLost }).then((reply) => {
        if (this.isCutFrom('service')) {
          // The reply does not get through.
          this.after(Math.min(deadlineMs, 1 + this.cutUntilMs - this.nowMs), () => resolve(unheard));
          return;
        }
        note(what, reply.kind);
        // Questions are answered without being written down; what is not written does not count as a sign of life.
        if (reply.kind === 'go-on') facts.lastAnsweredMs = sentMs;
        resolve(reply);
      });
    });
  }
}
