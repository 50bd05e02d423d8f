/** Beats: often with a job, rarely without, and what the answers do. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { limits } from '../../shared/core/limits.ts';
import type { BeatCall, BeatReply } from '../../shared/core/vm-protocol.ts';
import { makePacemaker, type Pacemaker } from '../../shared/vm/pacemaker.ts';

type Answer = BeatReply | { kind: 'unheard' };

let beats: (BeatCall['job'] | 'idle')[];
let answer: () => Promise<Answer>;
let stops: string[];
let pacemaker: Pacemaker;
let drops: string[];

beforeEach(() => {
  vi.useFakeTimers();
  beats = [];
  stops = [];
  drops = [];
  answer = async () => ({ kind: 'go-on' });
  const beat = (job?: BeatCall['job']) => {
    beats.push(job ?? 'idle');
    return answer();
  };
  const surelyBeat = async (job: BeatCall['job']) => (await beat(job)) as BeatReply;
  pacemaker = makePacemaker({
    client: { beat, surelyBeat },
    stop: (why) => stops.push(why),
    idleMs: 15_000,
  });
});
afterEach(() => {
  pacemaker.close();
  vi.useRealTimers();
});

function work(jobId: string, rowsDone = 5) {
  const assignment = { jobId, attempt: 2, beatMs: 2_000 };
  pacemaker.work({ assignment, done: () => ({ rowsDone }), drop: () => drops.push(jobId) });
}

test('idle: one beat in 15 s; working: one in 2 s with its rows; idle again afterwards', async () => {
  await vi.advanceTimersByTimeAsync(31_000);
  expect(beats).toEqual(['idle', 'idle']);
  work('a');
  await vi.advanceTimersByTimeAsync(4_500);
  expect(beats.slice(2)).toEqual([
    { jobId: 'a', attempt: 2, rowsDone: 5 },
    { jobId: 'a', attempt: 2, rowsDone: 5 },
  ]);
  pacemaker.rest();
  await vi.advanceTimersByTimeAsync(14_000);
  expect(beats).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(beats.at(-1)).toBe('idle');
});

test('a beat that nobody hears is followed by the next one, soon also of an idle VM', async () => {
  answer = async () => ({ kind: 'unheard' });
  await vi.advanceTimersByTimeAsync(15_000 + 2 * limits.beatAgainMs);
  expect(beats).toHaveLength(3);
  answer = async () => ({ kind: 'go-on' });
  await vi.advanceTimersByTimeAsync(15_000);
  expect(beats).toHaveLength(4);
  answer = async () => ({ kind: 'unheard' });
  work('a');
  await vi.advanceTimersByTimeAsync(6_500);
  expect(beats).toHaveLength(7);
  expect([drops, stops]).toEqual([[], []]);
});

test('drop drops the job that was asked about, and not its successor', async () => {
  const late = Promise.withResolvers<Answer>();
  answer = () => late.promise;
  work('a');
  await vi.advanceTimersByTimeAsync(2_500);
  work('b');
  late.resolve({ kind: 'drop' });
  await vi.advanceTimersByTimeAsync(0);
  expect(drops).toEqual([]);
  answer = async () => ({ kind: 'drop' });
  await vi.advanceTimersByTimeAsync(2_500);
  expect(drops).toEqual(['b']);
});

test('stop stops the VM, at work or idle', async () => {
  answer = async () => ({ kind: 'stop', why: 'enough' });
  await vi.advanceTimersByTimeAsync(15_500);
  expect(stops).toEqual(['enough']);
});

test('asking gets its answer at once, and nothing of it when the asking was given up', async () => {
  work('a');
  answer = async () => ({ kind: 'drop' });
  const asking = new AbortController();
  await pacemaker.ask(asking.signal);
  expect(drops).toEqual(['a']);
  asking.abort();
  answer = async () => ({ kind: 'stop', why: 'aborted' });
  await pacemaker.ask(asking.signal);
  expect(stops).toEqual([]);
});

test('after close there are no more beats', async () => {
  const late = Promise.withResolvers<Answer>();
  answer = () => late.promise;
  work('a');
  await vi.advanceTimersByTimeAsync(2_500);
  pacemaker.close();
  late.resolve({ kind: 'go-on' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(beats).toHaveLength(1);
});
