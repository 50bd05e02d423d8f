/**
 * Runs timer functions on their schedules: never two runs of one at once, missed runs as one, status kept as the real
 * host does.
 */
import { randomUUID } from 'node:crypto';
import type { RegisteredFunction } from './core-types.ts';
import { triggerOf } from './http-functions.ts';
import { invoke, type Invoker } from './invoke.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import type { TimerStatus, TimerStore } from './timer-store.ts';

export type Timers = {
  /** How many have a schedule. */
  readonly count: number;
  /** Starts the schedules; call it when the lock is held. */
  start(store: TimerStore): void;
  /** Stops the schedules, not the runs. */
  stop(): void;
  /** Waits for the runs that are on. */
  finish(): Promise<void>;
  /** A manual run, beside the schedule; false when there is no such timer. */
  runNow(name: string): boolean;
};

type Timer = {
  readonly name: string;
  readonly fn: RegisteredFunction;
  readonly schedule: Schedule;
  readonly isMonitored: boolean;
  readonly runOnStartup: boolean;
  status: TimerStatus | undefined;
};

/** No sleep is longer, so that a changed clock is noticed. */
const longestSleepMs = 60_000;
const never = '0001-01-01T00:00:00+00:00';

/** @param isInError told of a schedule that cannot be understood; that timer is left out, as the real host does it */
export function makeTimers(
  invoker: Invoker,
  functions: readonly RegisteredFunction[],
  settings: Readonly<Record<string, string | undefined>>,
  isInError: (name: string, why: string) => void,
): Timers {
  const timers = functions.flatMap((fn) => {
    const timer = makeTimer(invoker, fn, settings);
    if (typeof timer !== 'string') return timer;
    isInError(fn.metadata.name, timer);
    return [];
  });
  const runs = new Set<Promise<void>>();
  let stopped = new AbortController();

  const run = (timer: Timer, reason: string, isPastDue: boolean): Promise<void> => {
    const ended = runOnce(invoker, timer, reason, isPastDue).finally(() => runs.delete(ended));
    runs.add(ended);
    return ended;
  };
  const follow = async (timer: Timer, store: TimerStore, signal: AbortSignal): Promise<void> => {
    const dueMs = timer.isMonitored ? await pastDue(timer, store) : undefined;
    if (signal.aborted) return;
    let atMs = Date.now();
    if (dueMs !== undefined || timer.runOnStartup) {
      const isPastDue = dueMs !== undefined;
      invoker.log(
        'information',
        `Function.${timer.name}`,
        isPastDue
          ? `Function '${timer.name}' is past due on startup. Executing now.`
          : `Function '${timer.name}' is configured to run on startup. Executing now.`,
      );
      await run(timer, 'Timer fired at startup', isPastDue);
      if (isPastDue) await record(invoker, timer, store, atMs);
    }
    for (;;) {
      const nextMs = timer.schedule.next(atMs);
      if (nextMs === undefined || !(await sleepUntil(nextMs, signal))) return;
      atMs = Math.max(Date.now(), nextMs);
      await run(timer, `Timer fired at ${new Date().toISOString()}`, false);
      if (timer.isMonitored) await record(invoker, timer, store, atMs);
    }
  };
  return {
    count: timers.length,
    start(store) {
      stopped = new AbortController();
      for (const timer of timers) {
        follow(timer, store, stopped.signal).catch((error: unknown) => {
          invoker.log(
            'error',
            `Function.${timer.name}`,
            `The timer '${timer.name}' stopped: ${String(error)}`,
          );
        });
      }
    },
    stop: () => stopped.abort(),
    async finish() {
      while (runs.size > 0) await Promise.all(runs);
    },
    runNow(name) {
      const timer = timers.find((one) => one.name === name);
      if (timer !== undefined)
        void run(timer, 'This function was programmatically called via the host APIs.', false);
      return timer !== undefined;
    },
  };
}

function makeTimer(
  invoker: Invoker,
  fn: RegisteredFunction,
  settings: Readonly<Record<string, string | undefined>>,
): Timer | string {
  const { name } = fn.metadata;
  const { options } = triggerOf(fn);
  const expression = typeof options['schedule'] === 'string' ? options['schedule'] : '';
  const schedule = parseSchedule(expression, settings);
  if (typeof schedule === 'string') return schedule;
  if (schedule.warning !== undefined) invoker.log('warning', `Function.${name}`, schedule.warning);
  const isMonitored = schedule.isMonitored && options['useMonitor'] !== false;
  return {
    name,
    fn,
    schedule,
    isMonitored,
    runOnStartup: options['runOnStartup'] === true,
    status: undefined,
  };
}

/** One run with the real host's TimerInfo. A failed run is logged by its invocation and ends like any other. */
async function runOnce(invoker: Invoker, timer: Timer, reason: string, isPastDue: boolean): Promise<void> {
  const info = {
    Schedule: { AdjustForDST: true },
    ScheduleStatus: timer.status ?? null,
    IsPastDue: isPastDue,
  };
  await invoke(invoker, {
    fn: timer.fn,
    invocationId: randomUUID(),
    reason,
    request: {
      inputData: [{ name: triggerOf(timer.fn).bindingName, data: { json: JSON.stringify(info) } }],
      triggerMetadata: {},
    },
  }).catch(() => undefined);
}

/** Loads the status and mends it when the schedule has changed since.
 * @returns the missed time, if one was missed */
async function pastDue(timer: Timer, store: TimerStore): Promise<number | undefined> {
  const nowMs = Date.now();
  const stored = await store.read(timer.name);
  const sinceMs =
    stored === undefined ? nowMs : Date.parse(stored.Last === never ? stored.LastUpdated : stored.Last);
  const expectedMs = timer.schedule.next(sinceMs);
  if (expectedMs === undefined) return undefined;
  if (stored !== undefined && Date.parse(stored.Next) === expectedMs) {
    timer.status = stored;
    return nowMs > expectedMs ? expectedMs : undefined;
  }
  const isPast = nowMs > expectedMs;
  const nextMs = isPast ? timer.schedule.next(nowMs) : expectedMs;
  if (nextMs === undefined) return undefined;
  const updated = {
    Last: stored?.Last ?? never,
    Next: stamp(nextMs),
    LastUpdated: stamp(isPast ? nowMs : sinceMs),
  };
  timer.status = updated;
  await store.write(timer.name, updated);
  return undefined;
}

async function record(invoker: Invoker, timer: Timer, store: TimerStore, atMs: number): Promise<void> {
  const nextMs = timer.schedule.next(atMs);
  if (nextMs === undefined) return;
  timer.status = { Last: stamp(atMs), Next: stamp(nextMs), LastUpdated: stamp(atMs) };
  await store.write(timer.name, timer.status).catch((error: unknown) => {
    invoker.log(
      'warning',
      `Function.${timer.name}`,
      `The status of the timer '${timer.name}' could not be stored: ${String(error)}`,
    );
  });
}

function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/(?:\.000)?Z$/, '+00:00');
}

/** @returns false when stopped first */
async function sleepUntil(atMs: number, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted && Date.now() < atMs) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.min(atMs - Date.now(), longestSleepMs));
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
  }
  return !signal.aborted;
}
