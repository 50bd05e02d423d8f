/** Wakeups of one instance on virtual time: what `makeWakeups` does, without a signal for every ear. */
import type { Ear, Wakeups } from '../../shared/app/ports.ts';
import type { Instance } from './instance.ts';

type Listener = { heard: boolean; wake: (() => void) | undefined };

/** @param noteListened told of each question who listens: a watch asks it before each of its pauses */
export function makeSimWakeups(
  instance: Instance,
  noteListened: (topics: readonly string[]) => void,
): Wakeups {
  const ears = new Map<string, Set<Listener>>();
  return {
    notify(topic) {
      for (const listener of ears.get(topic) ?? []) {
        listener.heard = true;
        listener.wake?.();
      }
    },
    listen(topic): Ear {
      const listener: Listener = { heard: false, wake: undefined };
      let all = ears.get(topic);
      if (all === undefined) ears.set(topic, (all = new Set()));
      const of = all;
      of.add(listener);
      return {
        wait: (ms) => {
          if (listener.heard) return Promise.resolve(true);
          return new Promise((resolve) => {
            const due = instance.after(ms, () => {
              listener.wake = undefined;
              resolve(listener.heard);
            });
            listener.wake = () => {
              listener.wake = undefined;
              due.callOff();
              instance.after(0, () => resolve(true));
            };
          });
        },
        close() {
          of.delete(listener);
          if (of.size === 0 && ears.get(topic) === of) ears.delete(topic);
        },
      };
    },
    listenedTo(prefix) {
      const topics = [...ears.keys()].filter((topic) => topic.startsWith(prefix));
      noteListened(topics);
      return topics;
    },
  };
}
