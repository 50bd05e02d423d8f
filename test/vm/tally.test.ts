/** A job's findings on their way through a result's metadata, which anyone who owns the blob can change. */
import { expect, test } from 'vitest';
import { findingsText, tallyFrom, tallyOf } from '../../shared/vm/tally.ts';

const full = tallyOf({
  rows: 9,
  rowErrors: { count: 3, byReason: { 'expected a number': 2, 'wrong number of columns': 1 } },
  unseen: { städte: 4, b: 1 },
});

test('comes back as it was', () => {
  for (const tally of [full, { rows: 9 }]) {
    expect(tallyFrom(tally.rows, findingsText(tally) ?? null)).toEqual(tally);
  }
});

const packed = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test.each([
  ['', {}],
  ['%%%', {}],
  [packed(null), {}],
  [packed([1]), {}],
  [
    packed({ rowErrors: 7, unseen: { count: 1, byColumn: { a: 1 } } }),
    { unseen: { count: 1, byColumn: { a: 1 } } },
  ],
  [packed({ rowErrors: { count: -1, byReason: {} } }), {}],
  [packed({ rowErrors: { count: 1, byReason: { why: 'x' } } }), {}],
  [packed({ rowErrors: { count: 0.5 }, rows: 4, more: 1 }), {}],
  [packed({ unseen: { count: 1 } }), { unseen: { count: 1, byColumn: {} } }],
])('damaged: %s', (findings, rest) => {
  expect(tallyFrom(9, findings)).toEqual({ rows: 9, ...rest });
});
