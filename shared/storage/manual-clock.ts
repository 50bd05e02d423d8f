/** A virtual clock: time stands still until a test moves it on, and then wakes sleepers one by one in their order. */
import type { Clock } from '../app/ports.ts';
import { popDue, pushDue, type Timed } from './due-heap.ts';

type Sleeper = Timed & { wake: (() => void) | undefined };

export class ManualClock implements Clock {
  private nowMs: number;
  private order = 0;
  /** A heap: the next one to wake is the first. Sleepers that were woken by their signal stay, without `wake`. */
  private readonly heap: Sleeper[] = [];
  private awake = 0;

  /** @param startMs ms since 1970; default 2030-01-01T00:00Z, the beginning of an hour */
  constructor(startMs = 1_893_456_000_000) {
    this.nowMs = startMs;
  }

  now(): number {
    return this.nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper: Sleeper = { atMs: this.nowMs + ms, order: this.order++, wake: undefined };
      const wake = () => {
        if (sleeper.wake === undefined) return;
        sleeper.wake = undefined;
        this.awake++;
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      sleeper.wake = wake;
      signal?.addEventListener('abort', wake);
      pushDue(this.heap, sleeper);
    });
  }

  /** How many sleep now. */
  get sleepers(): number {
    return this.order - this.awake;
  }

  /** When the next sleeper wakes; undefined when nobody sleeps. */
  get nextMs(): number | undefined {
    this.dropWoken();
    return this.heap[0]?.atMs;
  }

  /** Moves time on, waking everybody whose time comes, each with all that it does before it sleeps again. */
  async advance(ms: number): Promise<void> {
    await this.advanceTo(this.nowMs + ms);
  }

  async advanceTo(atMs: number): Promise<void> {
    await settled();
    while ((this.nextMs ?? Number.POSITIVE_INFINITY) <= atMs) await this.wakeNext();
    this.nowMs = Math.max(this.nowMs, atMs);
  }

  /**
   * Moves time on until the promise settles, and gives its value.
   * @param msMax at most so much time; default one day
   * @throws when nobody sleeps any more, or the time is over, and it has not settled
   */
  async runUntil<T>(promise: Promise<T>, msMax = 86_400_000): Promise<T> {
    const endMs = this.nowMs + msMax;
    let state: 'pending' | 'settled' = 'pending';
    const settle = () => {
      state = 'settled';
    };
    promise.then(settle, settle);
    await settled();
    while (isPending(state)) {
      const nextMs = this.nextMs;
      if (nextMs === undefined) throw new Error('Nobody sleeps, and what is waited for has not happened.');
      if (nextMs > endMs) throw new Error(`What is waited for has not happened within ${msMax} ms.`);
      await this.wakeNext();
    }
    return promise;
  }

  private async wakeNext(): Promise<void> {
    const sleeper = popDue(this.heap)!;
    this.nowMs = Math.max(this.nowMs, sleeper.atMs);
    sleeper.wake?.();
    await settled();
  }

  private dropWoken(): void {
    while (this.heap.length > 0 && this.heap[0]!.wake === undefined) popDue(this.heap);
  }
}

/** Keeps the compiler from believing that nothing has changed it. */
function isPending(state: string): boolean {
  return state === 'pending';
}

/** After every promise that can go on by itself has done so. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
