/** The real timer trigger's own answers, row by row. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HostRefusal } from '../../shared/host/refusal.ts';
import { parseSchedule, type Schedule } from '../../shared/host/schedule.ts';

type Row = {
  readonly expr: string;
  readonly kind?: 'cron' | 'timespan';
  readonly from?: string;
  readonly next?: readonly string[];
  readonly error?: true;
  readonly settings?: Readonly<Record<string, string>>;
};

const cases = new URL('../../../shared/data/host/cron-cases.jsonl', import.meta.url);
const rows: Row[] = existsSync(cases)
  ? readFileSync(cases, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row)
  : [];

function answer(row: Row): object {
  let schedule: Schedule;
  try {
    schedule = parseSchedule(row.expr, row.settings ?? {});
  } catch (error) {
    expect(error).toBeInstanceOf(HostRefusal);
    return { error: true };
  }
  const next: number[] = [];
  let at: number | undefined = Date.parse(row.from ?? '');
  while (next.length < 3 && at !== undefined) {
    at = schedule.next(at);
    if (at !== undefined) next.push(at);
  }
  return { kind: schedule.kind, next };
}

describe('schedules', () => {
  it.skipIf(rows.length === 0)(
    "give every row the real parser's times (skipped without ../shared/data)",
    () => {
      expect(rows.length).toBeGreaterThan(1500);
      const wrong = rows.flatMap((row) => {
        const expected =
          row.error === true
            ? { error: true }
            : { kind: row.kind, next: row.next?.map((time) => Date.parse(time)) };
        const got = answer(row);
        return JSON.stringify(got) === JSON.stringify(expected)
          ? []
          : [{ expr: row.expr, from: row.from, expected, got }];
      });
      expect(wrong).toEqual([]);
    },
  );

  it('warn where a TimeSpan means days', () => {
    expect(parseSchedule('24:00:00', {})).toMatchObject({
      warning: expect.stringContaining('24 days') as string,
    });
    expect(parseSchedule('00:05:00', {})).not.toHaveProperty('warning');
  });

  it('are kept in the status only from one a minute on', () => {
    expect(parseSchedule('0 * * * * *', {})).toMatchObject({ isMonitored: true });
    expect(parseSchedule('*/30 * * * * *', {})).toMatchObject({ isMonitored: false });
    expect(parseSchedule('00:00:59', {})).toMatchObject({ isMonitored: false });
  });
});
