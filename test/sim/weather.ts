/** What becomes of each call to the storage: decided by the seed's mix, by storms, stalls and bursts of throttling. */
import { limits } from '../../shared/core/limits.ts';
import type { SeededRandom } from '../../shared/storage/seeded-random.ts';
import type { TableFault } from '../../shared/storage/table.ts';
import type { Mix } from './mix.ts';
import type { Scheduler } from './scheduler.ts';

export type Fate =
  /** Carried out after `sendMs`, answered `replyMs` later. */
  | { readonly kind: 'done'; readonly sendMs: number; readonly replyMs: number }
  /** Never carried out. */
  | { readonly kind: 'failed'; readonly afterMs: number; readonly code: TableFault['code'] }
  /** Carried out after `sendMs`; the caller hears of a fault at `afterMs`, which may be before. */
  | {
      readonly kind: 'unheard';
      readonly sendMs: number;
      readonly afterMs: number;
      readonly code: TableFault['code'];
    };

const instant: Fate = { kind: 'done', sendMs: 0, replyMs: 0 };
const minuteMs = 60_000;

export type Faults = { failed: number; unheard: number; short: number };

export class Weather {
  readonly faults: Faults = { failed: 0, unheard: 0, short: 0 };
  private readonly mix: Mix;
  private readonly random: SeededRandom;
  private readonly scheduler: Scheduler;
  private stallUntilMs = 0;
  private stormUntilMs = 0;
  private throttleUntilMs = 0;
  private state: 'faulty' | 'clear' = 'clear';

  constructor(mix: Mix, random: SeededRandom, scheduler: Scheduler) {
    this.mix = mix;
    this.random = random;
    this.scheduler = scheduler;
  }

  begin(): void {
    this.state = 'faulty';
    const { stallEveryMs, stormEveryMs, throttleEveryMs } = this.mix;
    this.every(stallEveryMs, () => {
      this.stallUntilMs =
        this.scheduler.nowMs + this.random.below(this.random.pick([minuteMs, 10 * minuteMs]));
    });
    this.every(stormEveryMs, () => {
      this.stormUntilMs = this.scheduler.nowMs + this.random.below(5 * minuteMs);
    });
    this.every(throttleEveryMs, () => {
      this.throttleUntilMs = this.scheduler.nowMs + this.random.below(minuteMs);
    });
  }

  /** From now on every call is carried out and answered. */
  clear(): void {
    this.state = 'clear';
    this.stallUntilMs = this.stormUntilMs = this.throttleUntilMs = 0;
  }

  fate(): Fate {
    const { mix, random } = this;
    if (this.state === 'clear') return random.fraction() < mix.immediate ? instant : this.slow();
    const nowMs = this.scheduler.nowMs;
    if (nowMs < this.stallUntilMs) return this.stalled();
    if (nowMs < this.throttleUntilMs && random.fraction() < 0.7) return this.failed('busy');
    const share = nowMs < this.stormUntilMs ? 0.2 : mix.fault;
    if (share > 0 && random.fraction() < share) return this.fault();
    return random.fraction() < mix.immediate ? instant : this.slow();
  }

  /** Rows that a page may have at most; undefined for as many as were asked for. */
  pageRows(): number | undefined {
    if (this.state === 'clear' || this.mix.shortPages === 0) return undefined;
    if (this.random.fraction() >= this.mix.shortPages) return undefined;
    this.faults.short += 1;
    return this.random.below(4);
  }

  private every(everyMs: number | undefined, happen: () => void): void {
    if (everyMs === undefined) return;
    const next = () => {
      if (this.state === 'clear') return;
      happen();
      this.scheduler.after(everyMs * 2 * this.random.fraction(), next);
    };
    this.scheduler.after(everyMs * 2 * this.random.fraction(), next);
  }

  private slow(): Fate {
    const { mix, random } = this;
    const ms = 1 + random.below(mix.latencyMaxMs);
    return random.below(2) === 0
      ? { kind: 'done', sendMs: ms, replyMs: 0 }
      : { kind: 'done', sendMs: 0, replyMs: ms };
  }

  private failed(code: TableFault['code']): Fate {
    this.faults.failed += 1;
    return { kind: 'failed', afterMs: 1 + this.random.below(this.mix.latencyMaxMs), code };
  }

  private fault(): Fate {
    const { random } = this;
    const code = random.pick(['timeout', 'unreachable', 'busy'] as const);
    if (random.below(2) === 0) return this.failed(code);
    this.faults.unheard += 1;
    if (random.below(4) > 0) {
      return { kind: 'unheard', sendMs: 0, afterMs: 1 + random.below(this.mix.latencyMaxMs), code };
    }
    // The request is under way for minutes, and its sender has long given up.
    const sendMs = limits.storageCallMs + random.below(random.pick([10_000, 10 * minuteMs]));
    return { kind: 'unheard', sendMs, afterMs: limits.storageCallMs, code: 'timeout' };
  }

  private stalled(): Fate {
    const { random } = this;
    const leftMs = this.stallUntilMs - this.scheduler.nowMs;
    if (leftMs < limits.storageCallMs && random.below(2) === 0) {
      return { kind: 'done', sendMs: leftMs, replyMs: 0 };
    }
    const afterMs = limits.storageCallMs;
    if (random.below(3) > 0) {
      this.faults.failed += 1;
      return { kind: 'failed', afterMs, code: 'timeout' };
    }
    this.faults.unheard += 1;
    return { kind: 'unheard', sendMs: random.below(2) === 0 ? 0 : leftMs, afterMs, code: 'timeout' };
  }
}
