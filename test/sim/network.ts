/** How calls of VMs and users reach an instance: routed to one that is up, sometimes lost on the way there or back. */
import { StoreFault, type App } from '../../shared/app/ports.ts';
import { limits } from '../../shared/core/limits.ts';
import { untilDeadline } from '../../shared/http/within-deadline.ts';
import type { SeededRandom } from '../../shared/storage/seeded-random.ts';
import type { Instance } from './instance.ts';
import type { Mix } from './mix.ts';
import type { Due, Scheduler } from './scheduler.ts';
import { untouched, type Touched } from './touched.ts';

/** Nobody has answered; whether anything was done is open. */
export const unheard = { kind: 'unheard' } as const;
export type Unheard = typeof unheard;

export type Client = {
  after(ms: number, run: () => void): Due;
  /** It is there and does not stand still. */
  readonly isReached: boolean;
};

export type Served = {
  readonly what: string;
  readonly touched: Touched;
  readonly outcome: 'answered' | 'fault' | 'late';
  readonly disturbed: boolean;
};

export type NetworkParts = {
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  readonly mix: Mix;
  readonly instances: () => readonly Instance[];
  /** When an instance will be up again. */
  readonly nextUpMs: () => number;
  /** An exception that is no fault of the storage's. */
  readonly onBug: (what: string, error: unknown) => void;
  readonly onServed: (served: Served) => void;
  /** Of the storage, up to now. */
  readonly faults: () => number;
};

export type CallOptions = {
  readonly deadlineMs: number;
  /** As long as the service may take; default: as long as it takes for a request at most. */
  readonly servedMs?: number;
  /** Called when the service has come to an end with it, however that was. */
  readonly onServed?: () => void;
  /** It gets lost on its way there or back. */
  readonly onLost?: () => void;
};

export class Network {
  lost = 0;
  calls = 0;
  private readonly parts: NetworkParts;
  private weather: 'lossy' | 'clear' = 'clear';

  constructor(parts: NetworkParts) {
    this.parts = parts;
  }

  setLossy(lossy: boolean): void {
    this.weather = lossy ? 'lossy' : 'clear';
  }

  call<T>(
    client: Client,
    what: string,
    run: (app: App) => Promise<T>,
    { deadlineMs, servedMs = limits.requestMsMax, onServed, onLost }: CallOptions,
  ): Promise<T | Unheard> {
    const { random, mix, scheduler } = this.parts;
    this.calls += 1;
    const up = this.parts.instances().filter((one) => one.isUp && !one.isPaused);
    return new Promise((resolve) => {
      if (up.length === 0) {
        const waitMs = Math.min(5 * 60_000, Math.max(0, this.parts.nextUpMs() - scheduler.nowMs));
        client.after(1 + waitMs + random.below(5_000), () => resolve(unheard));
        onServed?.();
        return;
      }
      const instance = random.pick(up);
      const timer = client.after(deadlineMs, () => resolve(unheard));
      const lossy = this.weather === 'lossy' && mix.netLoss > 0;
      if (lossy && random.fraction() < mix.netLoss) {
        this.lost += 1;
        onLost?.();
        onServed?.();
        return;
      }
      const loseReply = lossy && random.fraction() < mix.netLoss;
      if (loseReply) {
        this.lost += 1;
        onLost?.();
      }
      this.serve(instance, { what, run, servedMs }, (reply) => {
        onServed?.();
        if (loseReply) return;
        const ms = reply === reset ? random.below(2_000) : this.hop();
        const arrive = () => {
          timer.callOff();
          resolve(reply === reset ? unheard : reply);
        };
        if (ms === 0 && client.isReached) arrive();
        else client.after(ms, arrive);
      });
    });
  }

  /** At the instance: as the HTTP layer does, with the deadline of a request. */
  private serve<T>(
    instance: Instance,
    { what, run, servedMs }: { what: string; run: (app: App) => Promise<T>; servedMs: number },
    answer: (reply: T | Unheard | typeof reset) => void,
  ): void {
    const touched: Touched = untouched();
    const faultsNow = this.parts.faults;
    const faultsBefore = faultsNow();
    let state: 'open' | 'over' = 'open';
    const end = (reply: T | Unheard | typeof reset, outcome: Served['outcome']) => {
      if (state === 'over') return;
      state = 'over';
      deadline.callOff();
      instance.open.delete(crashed);
      const disturbed = touched.conflicts > 0 || faultsNow() > faultsBefore;
      this.parts.onServed({ what, touched, outcome, disturbed });
      answer(reply);
    };
    const crashed = () => end(reset, 'fault');
    instance.open.add(crashed);
    const deadline = instance.after(servedMs, () => end(unheard, 'late'));
    const app = untilDeadline(instance.app(touched), () => state === 'over');
    run(app).then(
      (reply) => end(reply, 'answered'),
      (error: unknown) => {
        if (!(error instanceof StoreFault)) this.parts.onBug(what, error);
        end(unheard, 'fault');
      },
    );
  }

  private hop(): number {
    const { random, mix } = this.parts;
    return random.fraction() < mix.immediate ? 0 : 1 + random.below(30);
  }
}

const reset = Symbol('reset');
