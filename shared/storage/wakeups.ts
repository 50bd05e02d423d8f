/** Wakes what waits in this process: a `next` that is held open learns of work without looking again and again. */
import type { Clock, Wakeups } from '../app/ports.ts';

/** A topic lives as long as somebody waits for it. */
export function makeWakeups(clock: Clock): Wakeups & { readonly waiting: () => number } {
  const waiting = new Map<string, Set<AbortController>>();
  return {
    notify(topic) {
      for (const waiter of waiting.get(topic) ?? []) waiter.abort();
    },
    async wait(topic, ms) {
      const waiter = new AbortController();
      const waiters = waiting.get(topic) ?? new Set();
      waiting.set(topic, waiters);
      waiters.add(waiter);
      await clock.sleep(ms, waiter.signal);
      waiters.delete(waiter);
      if (waiters.size === 0 && waiting.get(topic) === waiters) waiting.delete(topic);
      return waiter.signal.aborted;
    },
    waiting: () => waiting.size,
  };
}
