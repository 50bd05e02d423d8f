/** When timers run and when they do not, by what becomes of their lock, in virtual time. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runTimersUnderLock } from '../../shared/host/timer-lock.ts';
import { hostIdOf, lockMs, type TimerStore } from '../../shared/host/timer-store.ts';

type Answer = boolean | 'fails' | 'fails late';
let answer: Answer = true;
let events: string[] = [];

const store: TimerStore = {
  async hold() {
    if (answer === 'fails late') await new Promise((resolve) => setTimeout(resolve, 10_000));
    if (typeof answer === 'string') throw new Error('no answer');
    return answer;
  },
  release: () => Promise.resolve(void events.push('release')),
  read: () => Promise.resolve(undefined),
  write: () => Promise.resolve(),
};
const start = (): (() => Promise<void>) =>
  runTimersUnderLock(
    { start: () => void events.push('start'), stop: () => void events.push('stop') },
    () => Promise.resolve(store),
    Object.assign(() => undefined, { flush: () => undefined }),
  );
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 24), toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  answer = true;
  events = [];
});
afterEach(() => void vi.useRealTimers());

it('runs timers while it is held, and gives it back at the end', async () => {
  const end = start();
  await pass(4 * lockMs);
  expect(events).toEqual(['start']);
  await end();
  expect(events).toEqual(['start', 'stop', 'release']);
});

it('stops them when another host has it, and starts them when that one is gone', async () => {
  const end = start();
  await pass(1);
  answer = false;
  await pass(lockMs);
  expect(events).toEqual(['start', 'stop']);
  answer = true;
  await pass(lockMs);
  expect(events).toEqual(['start', 'stop', 'start']);
  answer = false;
  await pass(lockMs);
  await end();
  expect(events).not.toContain('release');
});

it.each<Answer>(['fails', 'fails late'])(
  'is lost when the storage %s for as long as it lasts',
  async (how) => {
    const end = start();
    await pass(1);
    answer = how;
    await pass(lockMs / 2);
    expect(events).toEqual(['start']);
    await pass(lockMs / 2);
    expect(events).toEqual(['start', 'stop']);
    answer = true;
    await pass(2 * lockMs);
    expect(events).toEqual(['start', 'stop', 'start']);
    await end();
  },
);

it('goes by the id that a setting gives, else by the folder', () => {
  expect(hostIdOf('/a', { AzureFunctionsWebHost__hostid: 'My-App' })).toBe('my-app');
  expect(hostIdOf('/a', {})).toBe(hostIdOf('/a', { AzureFunctionsWebHost__hostid: '' }));
  expect(hostIdOf('/a', {})).not.toBe(hostIdOf('/b', {}));
});
