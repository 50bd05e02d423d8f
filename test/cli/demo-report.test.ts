/** What the demo prints at its end, from replies as api.md gives them. */
import { expect, test } from 'vitest';
import { settledMs } from '../../shared/cli/demo-pool.ts';
import { billReport, jobTimes, scoredRows } from '../../shared/cli/demo-report.ts';
import { textTable } from '../../shared/cli/text-table.ts';

test('a table has columns as wide as their cells, and numbers to the right', () => {
  expect(
    textTable(
      ['name', 'rows'],
      [
        ['a', '5'],
        ['longer', '1,000'],
      ],
    ),
  ).toBe(['  name     rows', '  ------  -----', '  a           5', '  longer  1,000'].join('\n'));
});

test('the first scored rows: some inputs and the scores; a cut last row is left out', () => {
  const csv =
    'age,education,other,Scored Labels,Scored Probabilities\n' +
    '39,Bachelors,"a, ""b""",<=50K,0.25\n' +
    '50,"HS-grad",x,>50K,0.75\n' +
    '51,"HS';
  expect(
    scoredRows(csv)
      .split('\n')
      .map((line) => line.trim().split(/ {2,}/)),
  ).toEqual([
    ['age', 'education', 'Scored Labels', 'Scored Probabilities'],
    [expect.stringMatching(/^-+/), expect.anything(), expect.anything(), expect.anything()],
    ['39', 'Bachelors', '<=50K', '0.25'],
    ['50', 'HS-grad', '>50K', '0.75'],
  ]);
});

test('waiting is from registration to running, running from there to the end', () => {
  const status = {
    StatusCode: 'Finished',
    CreatedAt: '2026-01-01T00:00:00.000Z',
    StartTime: '2026-01-01T00:00:00.250Z',
    EndTime: '2026-01-01T00:00:02.000Z',
    RowsDone: 1_000,
  } as const;
  expect(jobTimes([{ name: 'pool 1', status }])).toMatch(/pool 1 {3}0\.25 s {3}1\.75 s {2}1,000/);
});

test('the bill in compute hours and money', () => {
  const used = { computeMs: 27 * 3_600_000, transactions: 3 };
  const report = billReport(
    {
      currency: 'USD',
      amountMicros: 4_000_000,
      periods: [
        {
          start: '2026-01-01T10:00:00.000Z',
          end: '2026-01-31T10:00:00.000Z',
          included: { computeMs: 25 * 3_600_000, transactions: 100_000 },
          used,
          overage: { computeMs: 2 * 3_600_000, transactions: 0 },
          amountMicros: 4_000_000,
          pools: [{ poolId: 'p', computeMs: 26 * 3_600_000 }],
          classic: { computeMs: 3_600_000, transactions: 3 },
        },
      ],
    },
    { poolId: 'p', computeMs: 18_000 },
  );
  expect(report).toContain('2026-01-01 10:00 to 2026-01-31 10:00 UTC');
  expect(report).toMatch(/this pool +0\.005 compute hours \(18,000 ms/);
  expect(report).toMatch(/used +27 compute hours of 25 compute hours, 3 of 100,000 transactions/);
  expect(report).toMatch(/overage to pay +4\.00 USD/);
});

test('a ledger that says anything else than what was shown is a failure', () => {
  const usage = (computeMs: number, posted: number) => ({ computeMs, posted: { computeMs: posted } });
  expect(settledMs(usage(7, 0), usage(7, 7))).toBe(7);
  expect(() => settledMs(usage(7, 0), usage(8, 8))).toThrow(/7 ms of VM time live, 8 ms after/);
  expect(() => settledMs(usage(7, 0), usage(7, 6))).toThrow(/of which 6 ms are posted/);
});
