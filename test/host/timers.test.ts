/** Timers in virtual time: when they run, what they are told, what is kept. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CoreInvocation, RegisteredFunction } from '../../shared/host/core-types.ts';
import type { Invoker } from '../../shared/host/invoke.ts';
import { createLog } from '../../shared/host/log.ts';
import type { TimerStatus, TimerStore } from '../../shared/host/timer-store.ts';
import { makeTimers, type Timers } from '../../shared/host/timers.ts';

type Run = { readonly at: string; readonly status: TimerStatus | null; readonly isPastDue: boolean };

const startMs = Date.parse('2026-11-24T12:00:30Z');
const at = (): string => new Date().toISOString().slice(11, 19);

function memoryStore(): TimerStore & { readonly kept: Map<string, TimerStatus> } {
  const kept = new Map<string, TimerStatus>();
  return {
    kept,
    hold: () => Promise.resolve(true),
    release: () => Promise.resolve(),
    read: (name) => Promise.resolve(kept.get(name)),
    write: (name, status) => Promise.resolve(void kept.set(name, status)),
  };
}

/** A library that hands the timer's JSON to the handler. */
function invoker(log: string[] = []): Invoker {
  return {
    core: {
      functions: new Map(),
      model: () => undefined,
      close: () => undefined,
      runHooks: () => Promise.resolve(),
      log: () => undefined,
    },
    log: createLog({}, (text) => void log.push(text)),
    timeoutMs: Infinity,
    onTimeout: () => undefined,
    model: {
      name: 'fake',
      version: '0',
      getCapabilities: (defaults) => Promise.resolve(defaults),
      getInvocationModel: ({ request }: CoreInvocation) => ({
        getArguments: () =>
          Promise.resolve({
            context: {},
            inputs: [{ ...request, info: JSON.parse(request.inputData[0]?.data.json ?? 'null') as unknown }],
          }),
        invokeFunction: async (_context, inputs, callback) => callback(...inputs),
        getResponse: () => Promise.resolve({}),
      }),
    },
  };
}

type TimerOptions = {
  schedule: string;
  runOnStartup?: boolean;
  useMonitor?: boolean;
  retry?: RegisteredFunction['metadata']['retryOptions'];
  takesMs?: (run: number) => number;
  fails?: (run: number) => boolean;
  log?: string[];
};

function timer(options: TimerOptions): { timers: Timers; runs: Run[]; inError: readonly string[] } {
  const runs: Run[] = [];
  const callback = async (input: unknown): Promise<void> => {
    const { info } = input as { info: { ScheduleStatus: TimerStatus | null; IsPastDue: boolean } };
    runs.push({ at: at(), status: info.ScheduleStatus, isPastDue: info.IsPastDue });
    const takesMs = options.takesMs?.(runs.length) ?? 0;
    const fails = options.fails?.(runs.length) ?? false;
    if (takesMs > 0) await new Promise((resolve) => setTimeout(resolve, takesMs));
    if (fails) throw new Error('this time not');
  };
  const { schedule, runOnStartup = false, useMonitor = true, retry } = options;
  const metadata = {
    name: 't',
    bindings: {
      timerTrigger7: { type: 'timerTrigger', direction: 'in', schedule, runOnStartup, useMonitor },
    },
    ...(retry === undefined ? {} : { retryOptions: retry }),
  };
  const inError: string[] = [];
  const timers = makeTimers(
    invoker(options.log),
    [{ metadata, callback }],
    { EVERY: '0 * * * * *' },
    (name, why) => inError.push(`${name}: ${why}`),
  );
  return { timers, runs, inError };
}

describe('timers', () => {
  beforeEach(() => void vi.useFakeTimers({ now: startMs, toFake: ['Date', 'setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());
  const pass = async (seconds: number): Promise<void> =>
    void (await vi.advanceTimersByTimeAsync(seconds * 1000));

  it('run on time, know their last run and keep it', async () => {
    const [{ timers, runs }, store] = [timer({ schedule: '%EVERY%' }), memoryStore()];
    timers.start(store);
    await pass(100);
    timers.stop();
    expect(runs.map((run) => [run.at, run.status?.Last, run.status?.Next, run.isPastDue])).toEqual([
      ['12:01:00', '0001-01-01T00:00:00+00:00', '2026-11-24T12:01:00+00:00', false],
      ['12:02:00', '2026-11-24T12:01:00+00:00', '2026-11-24T12:02:00+00:00', false],
    ]);
    expect(store.kept.get('t')).toEqual({
      Last: '2026-11-24T12:02:00+00:00',
      Next: '2026-11-24T12:03:00+00:00',
      LastUpdated: '2026-11-24T12:02:00+00:00',
    });
    await pass(100);
    expect(runs).toHaveLength(2);
  });

  it('make up for missed runs with one that is past due', async () => {
    const [{ timers, runs }, store] = [timer({ schedule: '0 * * * * *' }), memoryStore()];
    store.kept.set('t', {
      Last: '2026-11-24T09:00:00+00:00',
      Next: '2026-11-24T09:01:00+00:00',
      LastUpdated: '2026-11-24T09:00:00+00:00',
    });
    timers.start(store);
    await pass(40);
    expect(runs.map((run) => [run.at, run.isPastDue])).toEqual([
      ['12:00:30', true],
      ['12:01:00', false],
    ]);
  });

  it('ask again for a status that the storage did not give, and run without it when it never does', async () => {
    const last = {
      Last: '2026-11-24T09:00:00+00:00',
      Next: '2026-11-24T09:01:00+00:00',
      LastUpdated: '2026-11-24T09:00:00+00:00',
    };
    for (const [failures, firstRun] of [
      [1, ['12:00:35', true]],
      [Infinity, ['12:01:00', false]],
    ] as const) {
      vi.setSystemTime(startMs);
      const log: string[] = [];
      const [{ timers, runs }, store] = [timer({ schedule: '0 * * * * *', log }), memoryStore()];
      store.kept.set('t', last);
      let asked = 0;
      const read: TimerStore['read'] = async (name) => {
        if (++asked <= failures) throw new Error('503 ServerBusy');
        return store.read(name);
      };
      timers.start({ ...store, read });
      await pass(95);
      timers.stop();
      expect(runs.map((run) => [run.at, run.isPastDue]).slice(0, 1)).toEqual([firstRun]);
      expect(runs.at(-1)?.at).toBe('12:02:00');
      expect(log.join('')).toMatch(/status of 't' could not be loaded: Error: 503 ServerBusy/);
    }
  });

  it('ask for no status any more when the lock is gone', async () => {
    let asked = 0;
    const read = () => Promise.reject(new Error(`503 ServerBusy ${++asked}`));
    const { timers, runs } = timer({ schedule: '0 * * * * *' });
    timers.start({ ...memoryStore(), read });
    await pass(1);
    timers.stop();
    await pass(100);
    expect([asked, runs.length]).toEqual([1, 0]);
  });

  it('are not past due when the schedule has changed since', async () => {
    const [{ timers, runs }, store] = [timer({ schedule: '0 * * * * *' }), memoryStore()];
    store.kept.set('t', {
      Last: '2026-11-24T09:00:00+00:00',
      Next: '2026-11-24T10:00:00+00:00',
      LastUpdated: '2026-11-24T09:00:00+00:00',
    });
    timers.start(store);
    await pass(40);
    expect(runs.map((run) => [run.at, run.isPastDue])).toEqual([['12:01:00', false]]);
  });

  it('never overlap; a run that outlives its interval is followed by one at once', async () => {
    const { timers, runs } = timer({
      schedule: '*/10 * * * * *',
      takesMs: (run) => (run === 1 ? 25_000 : 0),
    });
    timers.start(memoryStore());
    await pass(50);
    expect(runs.map((run) => run.at)).toEqual(['12:00:40', '12:01:05', '12:01:10', '12:01:20']);
    expect(runs.every((run) => run.status === null)).toBe(true);
  });

  it('run at start when asked to, without touching the status', async () => {
    const [{ timers, runs }, store] = [timer({ schedule: '0 0 * * * *', runOnStartup: true }), memoryStore()];
    timers.start(store);
    await pass(1);
    expect(runs.map((run) => [run.at, run.isPastDue])).toEqual([['12:00:30', false]]);
    expect(store.kept.get('t')?.Last).toBe('0001-01-01T00:00:00+00:00');
  });

  it('do not run at start when the lock is gone by then', async () => {
    const { timers, runs } = timer({ schedule: '0 0 * * * *', runOnStartup: true });
    timers.start(memoryStore());
    timers.stop();
    await pass(1);
    expect(runs).toEqual([]);
  });

  it('run again under a retry policy, and go on after a failure', async () => {
    const log: string[] = [];
    const retry = { retryStrategy: 'fixedDelay', maxRetryCount: 2, delayInterval: { seconds: 5 } } as const;
    const { timers, runs } = timer({ schedule: '0 * * * * *', retry, fails: (run) => run <= 3, log });
    timers.start(memoryStore());
    await pass(100);
    expect(runs.map((run) => run.at)).toEqual(['12:01:00', '12:01:05', '12:01:10', '12:02:00']);
    expect(log.join('')).toMatch(/Executed 'Functions\.t' \(Failed/);
  });

  it('wait twice as long before each new attempt, up to the longest', async () => {
    const retry = {
      retryStrategy: 'exponentialBackoff',
      maxRetryCount: 3,
      minimumInterval: { seconds: 2 },
      maximumInterval: { seconds: 5, nanos: 5e8 },
    } as const;
    const { timers, runs } = timer({ schedule: '0 * * * * *', retry, fails: () => true });
    timers.start(memoryStore());
    await pass(55);
    expect(runs.map((run) => run.at)).toEqual(['12:01:00', '12:01:02', '12:01:06', '12:01:11']);
  });

  it('keep no status when told not to', async () => {
    const [{ timers, runs }, store] = [timer({ schedule: '0 * * * * *', useMonitor: false }), memoryStore()];
    timers.start(store);
    await pass(40);
    expect(runs.map((run) => run.status)).toEqual([null]);
    expect(store.kept.size).toBe(0);
  });

  it('are waited for when the host ends, and can be run by hand beside the schedule', async () => {
    const { timers, runs } = timer({ schedule: '0 * * * * *', takesMs: () => 20_000 });
    timers.start(memoryStore());
    await pass(31);
    expect(timers.runNow('t')).toBe(true);
    expect(timers.runNow('other')).toBe(false);
    timers.stop();
    let finished = false;
    const finish = timers.finish().then(() => (finished = true));
    await pass(15);
    expect([runs.length, finished]).toEqual([2, false]);
    await pass(10);
    await finish;
    expect(finished).toBe(true);
  });

  it('are left out, with a sentence, when the schedule is none', () => {
    const { timers, inError } = timer({ schedule: '%MISSING%' });
    expect(inError).toEqual([expect.stringMatching(/^t: .*needs the setting "MISSING"/)]);
    expect([timers.count, timers.runNow('t')]).toEqual([0, false]);
  });
});
