/** Whoever can stand still or die before something reaches it: an instance, a VM's process. */
import type { Scheduler } from './scheduler.ts';

export type Patient = {
  readonly isUp: boolean;
  /** Nothing reaches it before. */
  readonly pausedUntilMs: number;
};
export type Timer = { callOff(): void };

/** Reaches it then, or when it goes on; never once it is dead. */
export function afterFor(patient: Patient, scheduler: Scheduler, ms: number, run: () => void): Timer {
  let left: (() => void) | undefined = run;
  const fire = () => {
    if (left === undefined || !patient.isUp) return;
    if (patient.pausedUntilMs > scheduler.nowMs) {
      due = scheduler.at(patient.pausedUntilMs, fire);
      return;
    }
    const now = left;
    left = undefined;
    now();
  };
  let due = scheduler.after(ms, fire);
  return {
    callOff() {
      left = undefined;
      due.run = undefined;
    },
  };
}
