/** Wakes what waits in this process: a `next` that is held open learns of work without looking again and again. */
import type { Clock, Ear, Wakeups } from '../app/ports.ts';

/** A topic lives as long as somebody listens to it. */
export function makeWakeups(clock: Clock): Wakeups {
  const ears = new Map<string, Set<AbortController>>();
  return {
    notify(topic) {
      for (const ear of ears.get(topic) ?? []) ear.abort();
    },
    listen(topic): Ear {
      const ear = new AbortController();
      const all = ears.get(topic) ?? new Set();
      ears.set(topic, all);
      all.add(ear);
      return {
        async wait(ms) {
          await clock.sleep(ms, ear.signal);
          return ear.signal.aborted;
        },
        close() {
          all.delete(ear);
          if (all.size === 0 && ears.get(topic) === all) ears.delete(topic);
        },
      };
    },
    listenedTo: (prefix) => [...ears.keys()].filter((topic) => topic.startsWith(prefix)),
  };
}
