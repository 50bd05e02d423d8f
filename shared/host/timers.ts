/**
 * Runs timer functions on their schedules: never two runs of one at once, missed runs as one, status kept as the real
 * host does.
 */
import { randomUUID } from 'node:crypto';
import type { RegisteredFunction } from './core-types.ts';
import { triggerOf } from './http-functions.ts';
import { calledByApi, invoke, type Invoker } from './invoke.ts';
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

type Say = (level: 'information' | 'warning' | 'error', name: string, text: string) => void;
type Settings = Readonly<Record<string, string | undefined>>;

/** The type of a timer's trigger. */
export const timerTrigger = 'timertrigger';
/** No sleep is longer, so that a changed clock is noticed. */
const longestSleepMs = 60_000;
/** So often a status is asked for, so far apart: a storage that is silent for as long loses the lock as well. */
const statusTries = 3;
const statusPauseMs = 5_000;
const never = '0001-01-01T00:00:00+00:00';

/** @param functions those of other triggers are passed over
 * @param isInError told of a schedule that cannot be understood; that timer is left out, as the real host does it */
export function makeTimers(
  invoker: Invoker,
  functions: readonly RegisteredFunction[],
  settings: Settings,
  isInError: (name: string, why: string) => void,
): Timers {
  const runs = new Set<Promise<unknown>>();
  let stopped = new AbortController();
  const say: Say = (level, name, text) => invoker.log(level, `Function.${name}`, text);
  const timers = functions.flatMap((fn) => makeTimer(fn, settings, say, isInError));

  const run = async (timer: Timer, reason: string, isPastDue = false): Promise<void> => {
    const running = invokeTimer(invoker, timer, reason, isPastDue);
    runs.add(running);
    await running;
    runs.delete(running);
  };
  const record = async (timer: Timer, store: TimerStore, atMs: number): Promise<void> => {
    const nextMs = timer.isMonitored ? timer.schedule.next(atMs) : undefined;
    if (nextMs === undefined) return;
    timer.status = { Last: stamp(atMs), Next: stamp(nextMs), LastUpdated: stamp(atMs) };
    await store.write(timer.name, timer.status).catch((error: unknown) => {
      say('warning', timer.name, `The status of '${timer.name}' could not be stored: ${String(error)}`);
    });
  };
  const follow = async (timer: Timer, store: TimerStore, signal: AbortSignal): Promise<void> => {
    const isPastDue = timer.isMonitored && (await lookIfMissed(timer, store, signal, say));
    if (signal.aborted) return;
    let atMs = Date.now();
    if (isPastDue || timer.runOnStartup) {
      const why = isPastDue ? 'past due on startup' : 'configured to run on startup';
      say('information', timer.name, `Function '${timer.name}' is ${why}. Executing now.`);
      await run(timer, 'Timer fired at startup', isPastDue);
      if (isPastDue) await record(timer, store, atMs);
    }
    for (;;) {
      const nextMs = timer.schedule.next(atMs);
      if (nextMs === undefined || !(await sleepUntil(nextMs, signal))) return;
      atMs = Math.max(Date.now(), nextMs);
      await run(timer, `Timer fired at ${new Date().toISOString()}`);
      await record(timer, store, atMs);
    }
  };
  return {
    count: timers.length,
    start(store) {
      stopped = new AbortController();
      for (const timer of timers)
        follow(timer, store, stopped.signal).catch((error: unknown) =>
          say('error', timer.name, `The timer '${timer.name}' stopped: ${String(error)}`),
        );
    },
    stop: () => stopped.abort(),
    async finish() {
      while (runs.size > 0) await Promise.all(runs);
    },
    runNow(name) {
      const timer = timers.find((one) => one.name === name);
      if (timer !== undefined) void run(timer, calledByApi);
      return timer !== undefined;
    },
  };
}

function makeTimer(
  fn: RegisteredFunction,
  settings: Settings,
  say: Say,
  isInError: (name: string, why: string) => void,
): Timer | [] {
  const { type, options } = triggerOf(fn);
  if (type !== timerTrigger) return [];
  const { name } = fn.metadata;
  try {
    const schedule = parseSchedule(String(options['schedule']), settings);
    if (schedule.warning !== undefined) say('warning', name, schedule.warning);
    const isMonitored = schedule.isMonitored && options['useMonitor'] !== false;
    const runOnStartup = options['runOnStartup'] === true;
    return { name, fn, schedule, isMonitored, runOnStartup, status: undefined };
  } catch (error) {
    isInError(name, (error as Error).message);
    return [];
  }
}

/** One run with the real host's TimerInfo. A failed run is logged by its invocation and ends like any other. */
async function invokeTimer(
  invoker: Invoker,
  { fn, status }: Timer,
  reason: string,
  isPastDue: boolean,
): Promise<unknown> {
  const info = { Schedule: { AdjustForDST: true }, ScheduleStatus: status ?? null, IsPastDue: isPastDue };
  const inputData = [{ name: triggerOf(fn).bindingName, data: { json: JSON.stringify(info) } }];
  const request = { inputData, triggerMetadata: {} };
  return invoke(invoker, { fn, invocationId: randomUUID(), reason, request }).catch(() => undefined);
}

/** A status that cannot be had is no reason not to run: nothing was missed then. */
async function lookIfMissed(
  timer: Timer,
  store: TimerStore,
  signal: AbortSignal,
  say: Say,
): Promise<boolean> {
  for (let left = statusTries; left > 0; left -= 1) {
    try {
      return await isMissed(timer, store);
    } catch (error) {
      say('warning', timer.name, `The status of '${timer.name}' could not be loaded: ${String(error)}`);
    }
    if (left > 1 && !(await sleepUntil(Date.now() + statusPauseMs, signal))) break;
  }
  return false;
}

/** Loads the status, and mends it when the schedule has changed since.
 * @returns whether a run was missed */
async function isMissed(timer: Timer, store: TimerStore): Promise<boolean> {
  const nowMs = Date.now();
  const stored = await store.read(timer.name);
  const lastMs = stored && Date.parse(stored.Last === never ? stored.LastUpdated : stored.Last);
  const sinceMs = lastMs ?? nowMs;
  const expectedMs = timer.schedule.next(sinceMs);
  if (expectedMs === undefined) return false;
  const isPast = nowMs > expectedMs;
  if (stored !== undefined && Date.parse(stored.Next) === expectedMs) {
    timer.status = stored;
    return isPast;
  }
  const nextMs = isPast ? timer.schedule.next(nowMs) : expectedMs;
  if (nextMs === undefined) return false;
  const LastUpdated = stamp(isPast ? nowMs : sinceMs);
  timer.status = { Last: stored?.Last ?? never, Next: stamp(nextMs), LastUpdated };
  await store.write(timer.name, timer.status);
  return false;
}

function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/(?:\.000)?Z$/, '+00:00');
}

/** @returns false when stopped first */
export async function sleepUntil(atMs: number, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted && Date.now() < atMs) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.min(atMs - Date.now(), longestSleepMs));
    const wake = (): void => resolve();
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', wake);
  }
  return !signal.aborted;
}
