import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pace, unpaced, type Pace } from '../../shared/core/pace.ts';

const rule = { perSecond: 50, burst: 100, delayMsMax: 250 };

/** What calls that come at these times wait. */
function waits(times: readonly number[], from: Pace = unpaced): number[] {
  let now = from;
  return times.map((atMs) => {
    const next = pace(now, rule, atMs);
    now = next.pace;
    return next.waitMs;
  });
}

const start = 1_900_000_000_000;
const evenly = (count: number, everyMs: number) =>
  Array.from({ length: count }, (_, index) => start + index * everyMs);

test('a caller within its rate never waits, a burst passes, and what comes without pause is spread out', () => {
  expect(Math.max(...waits(evenly(1_000, 20)))).toBe(0);
  expect(waits(evenly(100, 0))).toEqual(Array.from({ length: 100 }, () => 0));
  expect(waits(evenly(103, 0)).slice(100)).toEqual([20, 40, 60]);
});

test('a caller who waits for each answer gets its rate and no more', () => {
  let now = unpaced;
  let atMs = start;
  let calls = 0;
  for (; atMs < start + 60_000; calls++) {
    const next = pace(now, rule, atMs);
    now = next.pace;
    atMs += next.waitMs + 2;
  }
  expect(calls).toBeGreaterThanOrEqual(50 * 60);
  expect(calls).toBeLessThan(50 * 60 + 200);
});

test('nobody ever waits longer than the longest delay, and a rest makes good for everything', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000), { maxLength: 400 }), (pauses) => {
      let atMs = start;
      const times = pauses.map((pauseMs) => (atMs += pauseMs % 7 === 0 ? pauseMs : pauseMs % 3));
      const all = waits(times);
      expect(all.every((waitMs) => waitMs >= 0 && waitMs <= rule.delayMsMax)).toBe(true);
      const rested = waits([...times, atMs + 2_300, atMs + 2_300]);
      expect(rested.slice(-2)).toEqual([0, 0]);
    }),
  );
});
