/** What was found in a job's rows, small enough for the job's row and for the metadata of its results. Pure. */
import { Buffer } from 'node:buffer';
import type { Tally } from '../core/vm-protocol.ts';
import type { ScoreResult } from '../scoring/score-job.ts';

/** Columns of unseen texts are named as long as they fit into so many characters. */
const unseenCharsMax = 1_500;
const nameCharsMax = 200;

export function tallyOf({
  rows,
  rowErrors,
  unseen,
}: Pick<ScoreResult, 'rows' | 'rowErrors' | 'unseen'>): Tally {
  const counts = Object.entries(unseen).toSorted((a, b) => b[1] - a[1]);
  const count = counts.reduce((sum, [, one]) => sum + one, 0);
  let byColumn: Record<string, number> = {};
  for (const [name, one] of counts) {
    const more = { ...byColumn, [name.slice(0, nameCharsMax)]: one };
    if (encodeURIComponent(JSON.stringify(more)).length > unseenCharsMax) break;
    byColumn = more;
  }
  return {
    rows,
    ...(rowErrors.count === 0 ? {} : { rowErrors }),
    ...(count === 0 ? {} : { unseen: { count, byColumn } }),
  };
}

/** In letters that a header takes; undefined where there is nothing but rows. */
export function findingsText({ rows: _, ...findings }: Tally): string | undefined {
  if (Object.keys(findings).length === 0) return undefined;
  return Buffer.from(JSON.stringify(findings)).toString('base64url');
}

/** Of a result that this very job has written. */
export function tallyFrom(rows: number, findings: string | null): Tally {
  if (findings === null) return { rows };
  const found = JSON.parse(Buffer.from(findings, 'base64url').toString()) as Omit<Tally, 'rows'>;
  return { rows, ...found };
}
