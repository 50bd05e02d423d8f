import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonical, daysToRead, daysToWrite, firstDayInUse, isKept } from '../../shared/core/idempotency.ts';
import { limits } from '../../shared/core/limits.ts';

const dayMs = limits.idempotencyMs;
const instant = fc.integer({ min: 20_000 * dayMs, max: 20_010 * dayMs });
const keptAt = (createdMs: number) => ({ day: 0, keyHash: '', bodyHash: '', createdMs });

it('a key that is kept is found by whoever looks for it', () => {
  fc.assert(
    fc.property(instant, fc.integer({ min: 0, max: dayMs - 1 }), (createdMs, ageMs) => {
      expect(isKept(keptAt(createdMs), createdMs + ageMs)).toBe(true);
      const written = daysToWrite(createdMs);
      expect(daysToRead(createdMs + ageMs).some((day) => written.includes(day))).toBe(true);
    }),
  );
});

it('two writers within a request of each other have a row in common, on either side of midnight too', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -2 * limits.requestMsMax, max: 2 * limits.requestMsMax }),
      fc.integer({ min: 0, max: 2 * limits.requestMsMax }),
      (fromMidnightMs, apartMs) => {
        const first = 20_001 * dayMs + fromMidnightMs;
        const written = daysToWrite(first);
        expect(daysToWrite(first + apartMs).some((day) => written.includes(day))).toBe(true);
      },
    ),
  );
});

it('a row that a sweep may remove is read and written by nobody any more, within hours', () => {
  fc.assert(
    fc.property(instant, fc.integer({ min: -22 * 3_600_000, max: 10 * dayMs }), (nowMs, apartMs) => {
      const first = firstDayInUse(nowMs);
      expect(daysToRead(nowMs).every((day) => day >= first)).toBe(true);
      expect(daysToWrite(nowMs + apartMs).every((day) => day >= first)).toBe(true);
    }),
  );
});

it('a row is swept by the end of the second day after its own', () => {
  fc.assert(
    fc.property(instant, (createdMs) => {
      for (const day of daysToWrite(createdMs))
        expect(firstDayInUse(createdMs + 3 * dayMs)).toBeGreaterThan(day);
    }),
  );
});

it('a body is the same whatever the order of its members and whatever is null in it', () => {
  expect(canonical({ b: [1, { d: 'x', c: null }], a: undefined })).toBe(canonical({ b: [1, { d: 'x' }] }));
  expect(canonical({ a: '1', b: 2 })).toBe(canonical({ b: 2, a: '1' }));
  expect(canonical({ a: '1' })).not.toBe(canonical({ a: 1 }));
  expect(canonical(['a,b'])).not.toBe(canonical(['a', 'b']));
  expect(canonical({ a: { b: 1 } })).not.toBe(canonical({ a: 1, b: 1 }));
});
