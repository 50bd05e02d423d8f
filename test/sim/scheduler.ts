/**
 * Virtual time and whose turn it is. Everything that waits in a simulation waits here; time jumps to what is due next,
 * and between two events everything that can go on by itself has done so.
 */
import { popDue, pushDue, type Timed } from '../../shared/storage/due-heap.ts';

export type Due = Timed & {
  /** Undefined once it has happened or was called off. */
  run: (() => void) | undefined;
};

/** Node's own way to run what promises have queued, from outside of a promise. */
const drain = (process as unknown as { _tickCallback: () => void })._tickCallback;
/** Events between two breaths of the process. */
const breathEvents = 20_000;

export class Scheduler {
  nowMs: number;
  /** Set by whoever has seen enough. */
  halted = false;
  events = 0;
  private order = 0;
  private readonly heap: Due[] = [];

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  at(atMs: number, run: () => void): Due {
    const due: Due = { atMs: Math.max(atMs, this.nowMs), order: this.order++, run };
    pushDue(this.heap, due);
    return due;
  }

  after(ms: number, run: () => void): Due {
    return this.at(this.nowMs + Math.round(ms), run);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** Runs everything due until then, and leaves the clock there. */
  async runUntil(endMs: number): Promise<void> {
    await this.runWhile(() => (this.heap[0]?.atMs ?? Number.POSITIVE_INFINITY) <= endMs);
    if (!this.halted) this.nowMs = Math.max(this.nowMs, endMs);
  }

  /** Runs until the promise has settled, or the run is halted. @throws when nothing is left to happen and it has not */
  async runFor(promise: Promise<unknown>): Promise<void> {
    let settled = false;
    const settle = () => {
      settled = true;
    };
    promise.then(settle, settle);
    await this.runWhile(() => !settled && this.heap.length > 0);
    if (!settled && !this.halted)
      throw new Error('nothing is left to happen, and what is waited for has not');
    if (settled) await promise;
  }

  private async runWhile(goesOn: () => boolean): Promise<void> {
    for (let more = true; more;) {
      more = await new Promise<boolean>((resolve, reject) => {
        // Promises are only drained by hand outside of a promise's own turn.
        setImmediate(() => {
          try {
            resolve(this.runSome(goesOn));
          } catch (error) {
            reject(error);
          }
        });
      });
    }
  }

  private runSome(goesOn: () => boolean): boolean {
    drain();
    for (let n = 0; n < breathEvents; n += 1) {
      if (this.halted || !goesOn()) return false;
      const due = popDue(this.heap)!;
      const { run } = due;
      if (run === undefined) continue;
      due.run = undefined;
      this.nowMs = Math.max(this.nowMs, due.atMs);
      this.events += 1;
      run();
      drain();
    }
    return true;
  }
}
