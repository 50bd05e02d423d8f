/**
 * Virtual time and whose turn it is. Everything that waits in a simulation waits here; time jumps to what is due next,
 * and between two events everything that can go on by itself has done so.
 */
import { popDue, pushDue, type Timed } from '../../shared/storage/due-heap.ts';

/** Whoever can stand still or die before something reaches it: an instance, a VM's process. */
export type Patient = {
  readonly isUp: boolean;
  /** Nothing reaches it before. */
  readonly pausedUntilMs: number;
};

/** What is to happen then; to a patient when it goes on, and never once it is dead. */
export class Due implements Timed {
  atMs: number;
  order: number;
  /** Undefined once it has happened or was called off. */
  run: (() => void) | undefined;
  readonly patient: Patient | undefined;

  constructor(atMs: number, order: number, run: () => void, patient: Patient | undefined) {
    this.atMs = atMs;
    this.order = order;
    this.run = run;
    this.patient = patient;
  }

  callOff(): void {
    this.run = undefined;
  }
}

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

  at(atMs: number, run: () => void, patient?: Patient): Due {
    const due = new Due(Math.max(atMs, this.nowMs), this.order++, run, patient);
    pushDue(this.heap, due);
    return due;
  }

  after(ms: number, run: () => void, patient?: Patient): Due {
    return this.at(this.nowMs + Math.round(ms), run, patient);
  }

  /** As `after`; at once where it takes no time and the patient is reached. */
  reach(ms: number, run: () => void, patient?: Patient): void {
    const isReached = patient === undefined || (patient.isUp && patient.pausedUntilMs <= this.nowMs);
    if (ms === 0 && isReached) run();
    else this.after(ms, run, patient);
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
      const { run, patient } = due;
      if (run === undefined || patient?.isUp === false) continue;
      if (patient !== undefined && patient.pausedUntilMs > due.atMs) {
        due.atMs = patient.pausedUntilMs;
        due.order = this.order++;
        pushDue(this.heap, due);
        continue;
      }
      due.run = undefined;
      this.nowMs = Math.max(this.nowMs, due.atMs);
      this.events += 1;
      run();
      drain();
    }
    return true;
  }
}
