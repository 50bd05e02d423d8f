/** What the demo shows at its end: scored rows, times, the bill. */
import { parse } from 'csv-parse/sync';
import type { Bill } from './api-shapes.ts';
import type { EndedJob } from './demo-jobs.ts';
import { textTable } from './text-table.ts';

const shownRows = 5;
const shownColumns = ['age', 'education', 'occupation', 'hours-per-week'];

/** @param beginning the first bytes of a scored file; its last, cut row is left out */
export function scoredRows(beginning: string): string {
  const whole = beginning.slice(0, beginning.lastIndexOf('\n') + 1);
  const [head = [], ...rows] = parse(whole, { to: shownRows + 1, relax_column_count: true, bom: true });
  const chosen = head
    .map((name, at) => ({ name, at }))
    .filter(({ name, at }) => shownColumns.includes(name) || at >= head.length - 2);
  return textTable(
    chosen.map(({ name }) => name),
    rows.map((row) => chosen.map(({ at }) => (row[at] ?? '').slice(0, 20))),
  );
}

export function jobTimes(jobs: readonly EndedJob[]): string {
  return textTable(
    ['job', 'waiting', 'running', 'rows'],
    jobs.map(({ name, status }) => [
      name,
      between(status.CreatedAt, status.StartTime),
      between(status.StartTime, status.EndTime),
      (status.RowsDone ?? 0).toLocaleString('en'),
    ]),
  );
}

function between(from: string | null | undefined, to: string | null | undefined): string {
  if (!from || !to) return '';
  return `${((Date.parse(to) - Date.parse(from)) / 1_000).toFixed(2)} s`;
}

/** @param pool its VM time: posted and shown live, which have been found equal */
export function billReport(
  bill: Bill,
  pool: { readonly poolId: string; readonly computeMs: number },
): string {
  const lines = bill.periods.map((period) => {
    const days = `${period.start.slice(0, 16).replace('T', ' ')} to ${period.end.slice(0, 16).replace('T', ' ')} UTC`;
    return [
      `  plan s1, ${days}`,
      `  this pool        ${hours(pool.computeMs)} (${pool.computeMs.toLocaleString('en')} ms of VM time; the ledger says the same as was shown live)`,
      `  all pools        ${hours(period.pools.reduce((sum, one) => sum + one.computeMs, 0))}`,
      `  classic          ${hours(period.classic.computeMs)}, ${transactions(period.classic.transactions)}`,
      `  used             ${hours(period.used.computeMs)} of ${hours(period.included.computeMs)}, ` +
        `${period.used.transactions.toLocaleString('en')} of ${period.included.transactions.toLocaleString('en')} transactions`,
      `  beyond           ${hours(period.overage.computeMs)}, ${transactions(period.overage.transactions)}`,
      `  overage to pay   ${money(period.amountMicros)} ${bill.currency}`,
    ].join('\n');
  });
  return lines.join('\n\n');
}

function hours(ms: number): string {
  return `${(ms / 3_600_000).toLocaleString('en', { maximumFractionDigits: 5 })} compute hours`;
}

function transactions(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'transaction' : 'transactions'}`;
}

function money(micros: number): string {
  return (micros / 1_000_000).toFixed(micros % 10_000 === 0 ? 2 : 6);
}
