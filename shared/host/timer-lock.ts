/** Keeps the lock of timers as long as the process lives: they run only while it is held, on one host per host id. */
import type { Log } from './log.ts';
import { lockMs, type TimerStore } from './timer-store.ts';
import { sleepUntil, type Timers } from './timers.ts';

const holdEveryMs = lockMs / 3;

/** @returns what lets go of the lock; runs that are on are not waited for */
export function runTimersUnderLock(
  timers: Pick<Timers, 'start' | 'stop'>,
  connect: () => Promise<TimerStore>,
  log: Log,
): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let store: TimerStore | undefined;
  let state: 'new' | 'held' | 'waiting' | 'unreachable' = 'new';
  const become = (next: typeof state, message: string): void => {
    if (state === next || signal.aborted) return;
    if (state === 'held') timers.stop();
    state = next;
    log(next === 'held' ? 'information' : 'warning', 'Host.Singleton', message);
    if (next === 'held' && store !== undefined) timers.start(store);
  };
  const hold = async (): Promise<void> => {
    let lastHeldMs = 0;
    while (!signal.aborted) {
      const askedMs = Date.now();
      try {
        store ??= await connect();
        if (await store.hold()) {
          lastHeldMs = askedMs;
          become('held', 'Host lock acquired: timers run here.');
        } else become('waiting', 'Another host holds the lock of the timers: they run there.');
      } catch (error) {
        if (Date.now() - lastHeldMs > lockMs - holdEveryMs)
          become('unreachable', `Timers do not run until AzureWebJobsStorage answers: ${String(error)}`);
      }
      await sleepUntil(Date.now() + holdEveryMs, signal);
    }
  };
  const holding = hold();
  return async () => {
    stopping.abort();
    timers.stop();
    if (state !== 'held') return;
    await holding;
    await store?.release().catch(() => undefined);
  };
}
