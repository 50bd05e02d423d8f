/**
 * Sleeping on virtual time. A watch that looks every second whether another instance has given its VMs something to do,
 * or a job waits beside them, is let sleep through the seconds in which neither is so: its looks would find nothing, and
 * there are 86,400 of them a day.
 */
import { tagOf } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import type { Instance } from './instance.ts';
import type { Storage } from './storage.ts';

export type QuietClock = {
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  noteListened(topics: readonly string[]): void;
  /** With its instance. */
  end(): void;
};

type Parked = { readonly fromMs: number; readonly resolve: () => void; readonly tag: string };

export function makeQuietClock(instance: Instance, storage: Storage): QuietClock {
  let listened: readonly string[] = [];
  const parked = new Map<string, Parked>();
  /** When a job last came to wait there. */
  const queuedMs = new Map<string, number>();

  const isIdle = (vmId: string) => storage.shadow.get('vm', tagOf(vmId), `vm|${vmId}`)?.kind === 'idle';
  const wake = (one: Parked) => {
    parked.delete(one.tag);
    const seconds = Math.floor((instance.nowMs - one.fromMs) / limits.watchMs) + 1;
    instance.after(one.fromMs + seconds * limits.watchMs - instance.nowMs, one.resolve);
  };
  const wakeAt = (pk: string) => {
    const one = parked.get(pk);
    if (one !== undefined) wake(one);
  };
  const ends = [
    storage.onChange('vm', ({ after }, { pk }) => {
      if (after?.kind !== 'idle') wakeAt(pk);
    }),
    storage.onChange('wait', ({ after }, { pk }) => {
      if (after === undefined) return;
      queuedMs.set(pk, instance.nowMs);
      wakeAt(pk);
    }),
  ];
  const park = (topics: readonly string[]) =>
    new Promise<void>((resolve) => {
      const tag = tagOf(topics[0]!);
      const one = { fromMs: instance.nowMs, resolve, tag };
      parked.set(tag, one);
      // What was committed between the last look and this moment is found a second from now.
      const isNews = (queuedMs.get(tag) ?? 0) > instance.nowMs - limits.watchMs;
      if (isNews || !topics.every(isIdle)) wake(one);
    });
  return {
    end: () => ends.forEach((end) => end()),
    sleep(ms, signal) {
      const topics = listened;
      listened = [];
      if (signal?.aborted === true || ms <= 0) return Promise.resolve();
      if (ms === limits.watchMs && topics.length > 0 && !parked.has(tagOf(topics[0]!))) return park(topics);
      return new Promise((resolve) => {
        const due = instance.after(ms, resolve);
        signal?.addEventListener(
          'abort',
          () => {
            due.callOff();
            resolve();
          },
          { once: true },
        );
      });
    },
    noteListened(topics) {
      listened = topics;
      // Only what directly precedes a pause counts.
      queueMicrotask(() => {
        if (listened === topics) listened = [];
      });
    },
  };
}
