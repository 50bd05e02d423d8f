/** What must not be: noted with where it was seen; the first one ends the run. */
import type { Scheduler } from './scheduler.ts';

export type Violation = {
  readonly check: string;
  readonly message: string;
  readonly atMs: number;
  /** Ids that the message is about: what the last events are picked by. */
  readonly about: readonly string[];
};

export class Violations {
  readonly found: Violation[] = [];
  private readonly scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  add(check: string, message: string, about: readonly string[] = []): void {
    this.found.push({ check, message, atMs: this.scheduler.nowMs, about });
    this.scheduler.halted = true;
  }
}
