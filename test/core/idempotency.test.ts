import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonical, daysToRead, daysToWrite, isKept, isSweepable } from '../../shared/core/idempotency.ts';
import { limits } from '../../shared/core/limits.ts';

const dayMs = limits.idempotencyMs;
const instant = fc.integer({ min: 20_000 * dayMs, max: 20_010 * dayMs });
const keptAt = (createdMs: number) => ({ keyHash: '', bodyHash: '', createdMs });

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

it('a row that a sweep may remove is written by nobody any more, within hours', () => {
  fc.assert(
    fc.property(instant, fc.integer({ min: -22 * 3_600_000, max: 10 * dayMs }), (createdMs, apartMs) => {
      const sweptMs = createdMs + 2 * dayMs;
      expect(isSweepable(keptAt(createdMs), sweptMs)).toBe(true);
      expect(isSweepable(keptAt(createdMs), sweptMs - 1)).toBe(false);
      const written = daysToWrite(createdMs);
      expect(daysToWrite(sweptMs + apartMs).some((day) => written.includes(day))).toBe(false);
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
