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

/** Of a result that this very job has written. Metadata can be changed by whoever owns the blob: then what is left of it. */
export function tallyFrom(rows: number, findings: string | null): Tally {
  const { rowErrors, unseen } = membersOf(parsed(findings));
  const errors = countsOf(rowErrors, 'byReason');
  const unknown = countsOf(unseen, 'byColumn');
  return {
    rows,
    ...(errors === undefined ? {} : { rowErrors: errors }),
    ...(unknown === undefined ? {} : { unseen: unknown }),
  };
}

function parsed(findings: string | null): unknown {
  try {
    return JSON.parse(Buffer.from(findings ?? '', 'base64url').toString());
  } catch {
    return undefined;
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function countsOf<K extends 'byReason' | 'byColumn'>(value: unknown, by: K) {
  const { count, [by]: parts } = membersOf(value);
  const entries = Object.entries(membersOf(parts));
  const counts = Object.fromEntries(entries.filter((entry): entry is [string, number] => isCount(entry[1])));
  if (!isCount(count) || Object.keys(counts).length < entries.length) return undefined;
  return { count, [by]: counts } as { count: number } & Record<K, Record<string, number>>;
}
