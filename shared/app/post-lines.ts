/** Lines and the balance of their period in one transaction: the ledger and its sum never part. */
import { usageOf, type Line } from '../core/billing.ts';
import { addUsage, noUsage, type Plan } from '../core/plan.ts';
import { lookAgain } from './look-again.ts';
import { periodFor } from './periods.ts';
import type { App, Write } from './ports.ts';

/**
 * Lines that exist already were posted by somebody else, with their part of the balance.
 * @param startMs beginning of the period that all lines belong to
 * @param lines at most `limits.postLinesMax`
 */
export async function postLines(
  app: App,
  plan: Plan,
  startMs: number,
  lines: readonly Line[],
): Promise<void> {
  let missing = lines;
  await lookAgain(app, async () => {
    if (missing.length === 0) return undefined;
    const period = await periodFor(app, plan, startMs);
    const usage = missing.map(usageOf).reduce(addUsage, noUsage);
    const writes: Write[] = missing.map((row) => ({ do: 'create', kind: 'line', row }));
    const row = { ...period.row, usage: addUsage(period.row.usage, usage) };
    writes.push({ do: 'replace', kind: 'period', row, etag: period.etag });
    if ((await app.store.commit(writes)).kind === 'done') return undefined;
    const there = await Promise.all(missing.map((line) => app.store.get('line', line)));
    missing = missing.filter((_, index) => there[index] === undefined);
    return 'conflict';
  });
}
