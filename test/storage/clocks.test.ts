/** Storage's time from `Date` headers, virtual time for tests, and what waits for it. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../shared/storage/manual-clock.ts';
import { makeSeededRandom } from '../../shared/storage/seeded-random.ts';
import { makeStorageClock } from '../../shared/storage/storage-clock.ts';
import { makeWakeups } from '../../shared/storage/wakeups.ts';

const epochMs = 1_893_456_000_000;

/** A machine whose clock is off by `skewMs`, and a storage whose clock is right. */
function machine(skewMs: number, ratePerMs = 0) {
  let trueMs = epochMs + 377;
  const monotonicMs = () => (trueMs - epochMs) * (1 + ratePerMs) + 5_000;
  const clock = makeStorageClock({ wallMs: () => trueMs + skewMs, monotonicMs });
  return {
    clock,
    pass: (ms: number) => {
      trueMs += ms;
    },
    trueMs: () => trueMs,
    /** A call: the reply's header is made after `thereMs`, and it arrives `backMs` later. */
    call(thereMs: number, backMs: number) {
      const sentMs = clock.monotonicMs();
      trueMs += thereMs;
      const date = new Date(trueMs).toUTCString();
      trueMs += backMs;
      clock.heard(date, sentMs);
    },
    errorMs: () => clock.now() - trueMs,
  };
}

describe('the storage clock', () => {
  test('before the first reply: the local clock', () => {
    const one = machine(1_234_000);
    expect(one.errorMs()).toBe(1_234_000);
    expect(one.clock.uncertaintyMs()).toBe(Number.POSITIVE_INFINITY);
  });

  test.each([-1_200_000, -3_000, 3_000, 1_200_000])(
    'a machine that is %d ms off is right after one reply, to a second',
    (skewMs) => {
      const one = machine(skewMs);
      one.call(5, 5);
      expect(Math.abs(one.errorMs())).toBeLessThanOrEqual(1_010);
      expect(one.clock.uncertaintyMs()).toBeLessThanOrEqual(505);
    },
  );

  test('a machine that is right stays right to the millisecond: a header never says more than its second', () => {
    const one = machine(0);
    for (let n = 0; n < 200; n++) {
      one.call(3, 4);
      one.pass(173);
      expect(Math.abs(one.errorMs())).toBeLessThanOrEqual(1);
    }
  });

  test('many replies confine it: whatever the skew, the latencies and the moments, truth is inside what is known', () => {
    const step = fc.record({ thereMs: fc.nat(400), backMs: fc.nat(400), pauseMs: fc.nat(3_000) });
    fc.assert(
      fc.property(
        fc.integer({ min: -10_000_000, max: 10_000_000 }),
        fc.array(step, { minLength: 1 }),
        (skewMs, steps) => {
          const one = machine(skewMs);
          // What was said once is not taken back by a small correction: it was right within what was known then.
          let boundMs = 0;
          for (const { thereMs, backMs, pauseMs } of steps) {
            one.call(thereMs, backMs);
            boundMs = Math.max(boundMs, 2 * one.clock.uncertaintyMs() + 1);
            expect(Math.abs(one.errorMs())).toBeLessThanOrEqual(boundMs);
            one.pass(pauseMs);
          }
        },
      ),
    );
    const one = machine(7_777_777);
    for (let n = 0; n < 300; n++) {
      one.call(2, 2);
      one.pass(97);
    }
    expect(one.clock.uncertaintyMs()).toBeLessThan(60);
    expect(Math.abs(one.errorMs())).toBeLessThan(120);
  });

  test('a monotonic clock that runs too fast is followed', () => {
    const one = machine(0, 1e-4);
    let worstMs = 0;
    for (let n = 0; n < 3_000; n++) {
      one.call(3, 3);
      one.pass(5_000);
      worstMs = Math.max(worstMs, Math.abs(one.errorMs()));
      expect(Math.abs(one.errorMs())).toBeLessThanOrEqual(2 * one.clock.uncertaintyMs() + 2);
    }
    expect(worstMs).toBeLessThan(1_100);
  });

  test('after a sleep of the machine, or a storage that has moved: the newest reply is believed', () => {
    const one = machine(0);
    one.call(1, 1);
    const sentMs = one.clock.monotonicMs();
    one.clock.heard(new Date(one.trueMs() + 600_000).toUTCString(), sentMs);
    expect(Math.abs(one.errorMs() - 600_000)).toBeLessThanOrEqual(1_001);
  });

  test('it does not go back by small corrections, and does by large ones', () => {
    const one = machine(900);
    const before = one.clock.now();
    one.call(0, 0);
    expect(one.clock.now()).toBeGreaterThanOrEqual(before);
    const far = machine(3_600_000);
    const wrong = far.clock.now();
    far.call(0, 0);
    expect(far.clock.now()).toBeLessThan(wrong - 3_000_000);
  });

  test('headers that are none change nothing', () => {
    const one = machine(50);
    one.clock.heard(undefined, 0);
    one.clock.heard('yesterday', 0);
    expect(one.errorMs()).toBe(50);
  });

  test('sleep: until the time, or until the signal', async () => {
    const clock = makeStorageClock();
    const startMs = clock.now();
    await clock.sleep(15);
    expect(clock.now() - startMs).toBeGreaterThanOrEqual(13);
    const controller = new AbortController();
    const long = clock.sleep(60_000, controller.signal);
    controller.abort();
    await long;
    await clock.sleep(60_000, controller.signal);
    await clock.sleep(0);
    await clock.sleep(-5);
  });
});

describe('the manual clock', () => {
  test('wakes sleepers in the order of their times, each with all that it does, then goes on', async () => {
    const clock = new ManualClock(1_000);
    const seen: string[] = [];
    const run = async (name: string, ...pauses: number[]) => {
      for (const ms of pauses) {
        await clock.sleep(ms);
        seen.push(`${name}@${clock.now()}`);
      }
    };
    const all = Promise.all([run('a', 30, 5), run('b', 10, 25), run('c', 10)]);
    await clock.advance(9);
    expect(seen).toEqual([]);
    await clock.advance(100);
    await all;
    expect(seen).toEqual(['b@1010', 'c@1010', 'a@1030', 'b@1035', 'a@1035']);
    expect(clock.now()).toBe(1_109);
    expect(clock.sleepers).toBe(0);
    expect(clock.nextMs).toBeUndefined();
  });

  test('the order is right for any number of sleepers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 60 }), async (pauses) => {
        const clock = new ManualClock(0);
        const woken: number[] = [];
        for (const ms of pauses) void clock.sleep(ms).then(() => woken.push(ms));
        await clock.advance(50);
        expect(woken).toEqual(pauses.toSorted((a, b) => a - b));
      }),
      { numRuns: 30 },
    );
  });

  test('a signal wakes early; who is woken is not counted any more', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const early = clock.sleep(1_000, controller.signal);
    expect(clock.sleepers).toBe(1);
    controller.abort();
    await early;
    expect(clock.sleepers).toBe(0);
    expect(clock.nextMs).toBeUndefined();
    await clock.sleep(1_000, controller.signal);
    await clock.sleep(0);
  });

  test('runUntil: as far as needed and no further; says so when it cannot', async () => {
    const clock = new ManualClock(0);
    expect(await clock.runUntil(clock.sleep(70).then(() => 'done'))).toBe('done');
    expect(clock.now()).toBe(70);
    await expect(clock.runUntil(Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(clock.runUntil(new Promise(() => {}))).rejects.toThrow(/Nobody sleeps/);
    await expect(clock.runUntil(clock.sleep(500), 100)).rejects.toThrow(/within 100 ms/);
  });
});

describe('wakeups', () => {
  test('true when notified, false when the time is over; others are not woken', async () => {
    const clock = new ManualClock();
    const wakeups = makeWakeups(clock);
    const ears = [wakeups.listen('pool/1'), wakeups.listen('pool/1'), wakeups.listen('pool/2')];
    expect(wakeups.listenedTo('pool/')).toEqual(['pool/1', 'pool/2']);
    const [a, b, c] = ears.map((ear) => ear.wait(100));
    wakeups.notify('pool/1');
    wakeups.notify('pool/3');
    expect(await Promise.all([a, b])).toEqual([true, true]);
    await clock.advance(100);
    expect(await c).toBe(false);
    for (const ear of ears) ear.close();
    expect(wakeups.listenedTo('')).toEqual([]);
    expect(clock.sleepers).toBe(0);
  });

  test('what was said between the making of an ear and its wait is heard', async () => {
    const wakeups = makeWakeups(new ManualClock());
    const ear = wakeups.listen('t');
    wakeups.notify('t');
    expect(await ear.wait(1_000)).toBe(true);
  });

  test('nothing is kept for who comes later', async () => {
    const clock = new ManualClock();
    const wakeups = makeWakeups(clock);
    wakeups.notify('t');
    const wait = wakeups.listen('t').wait(10);
    await clock.advance(10);
    expect(await wait).toBe(false);
  });

  test('an ear that was closed leaves the others theirs', async () => {
    const wakeups = makeWakeups(new ManualClock());
    const [first, second] = [wakeups.listen('t'), wakeups.listen('t')];
    first.close();
    expect(wakeups.listenedTo('t')).toEqual(['t']);
    wakeups.notify('t');
    expect(await second.wait(50)).toBe(true);
  });

  test('on a real clock no timer stays behind', async () => {
    const wakeups = makeWakeups(makeStorageClock());
    const before = timers();
    const waits = Array.from({ length: 50 }, () => wakeups.listen('t').wait(60_000));
    expect(timers()).toBeGreaterThan(before);
    wakeups.notify('t');
    expect((await Promise.all(waits)).every(Boolean)).toBe(true);
    expect(timers()).toBe(before);
  });
});

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('seeded chance', () => {
  test('one seed gives one stream, for ever; another gives another', () => {
    const random = makeSeededRandom(42);
    expect([random.hex(20), random.hex(9), random.below(1_000), random.fork().hex(8)]).toMatchInlineSnapshot(`
      [
        "a91e1cac207b36e91c98",
        "d09fde9e1",
        26,
        "f037cdad",
      ]
    `);
    expect(makeSeededRandom(42).hex(32)).toBe(makeSeededRandom(42).hex(32));
    expect(makeSeededRandom(42).hex(32)).not.toBe(makeSeededRandom(43).hex(32));
  });

  test('fractions are even, below 1, and ids do not collide', () => {
    const random = makeSeededRandom(7);
    const buckets = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 10_000; n++) {
      const x = random.fraction();
      expect(x >= 0 && x < 1).toBe(true);
      buckets[Math.floor(x * 10)]!++;
    }
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150);
    expect(new Set(Array.from({ length: 10_000 }, () => random.hex(16))).size).toBe(10_000);
    expect(random.pick(['x'])).toBe('x');
    expect(() => random.pick([])).toThrow(/nothing to pick/);
  });
});
