/**
 * The rows of one run that could not be scored: counted, held against the job's policy, written as the error file.
 *
 * The error file is CSV whatever the input is: `file,line,row,column,value,reason`, and as the seventh column the row
 * itself as it came, under the header itself as it came. So the seventh column alone is a file of just those rows.
 */
import { rowErrorParameters, type RowErrorCounts, type RowErrorPolicy } from '../core/row-errors.ts';
import { comma, quote } from './csv-bytes.ts';
import type { Header } from './header.ts';
import { quoteField } from './quote-field.ts';
import { describeFault, wordsOf, type RowFault, type RowProblem } from './row-fault.ts';
import type { RowOrigin } from './score-job.ts';
import { ScoringError } from './scoring-error.ts';

/** What precedes the rows in the error file. */
export const errorColumns = ['file', 'line', 'row', 'column', 'value', 'reason'] as const;

export type RowErrorLog = {
  /**
   * Takes the faults of one block, in the file's order.
   * @param rows Rows before the block. @param lines Lines before it. @param input The block.
   * @throws ScoringError `InputParseError` at the first one that the policy does not allow.
   */
  readonly take: (
    faults: readonly RowFault[],
    rows: number,
    lines: number,
    input: ArrayBuffer,
  ) => Promise<void>;
  /** To be called at the file's end. @throws ScoringError when too large a share of its rows is at fault. */
  readonly end: (rows: number) => void;
  readonly counts: () => RowErrorCounts;
};

export type RowErrorLogOptions = {
  readonly policy: RowErrorPolicy;
  readonly sourceName: string;
  readonly header: Header;
  readonly origin: RowOrigin;
  readonly write: (chunk: Uint8Array) => Promise<void>;
};

function quotedBytes(bytes: Uint8Array): Uint8Array {
  const out = Buffer.alloc(bytes.length * 2 + 2);
  let at = 0;
  out[at++] = quote;
  for (const byte of bytes) {
    out[at++] = byte;
    if (byte === quote) out[at++] = quote;
  }
  out[at++] = quote;
  return out.subarray(0, at);
}

function lineOf(fields: readonly (string | number)[], rest: Uint8Array, lineEnd: Uint8Array): Uint8Array[] {
  const text = fields.map((field) => quoteField(String(field), comma)).join(',');
  return [Buffer.from(`${text},`), quotedBytes(rest), lineEnd];
}

function countsText({ byReason }: RowErrorCounts): string {
  const parts = Object.entries(byReason).map(([reason, count]) => `${count} ${reason}`);
  return parts.join(', ');
}

const manyRows = (count: number): string => (count === 1 ? '1 row' : `${count} rows`);

/** As it was before the row became CSV. */
function original(problem: RowProblem, row: number, { unreadable }: RowOrigin): RowProblem {
  const reason = unreadable?.(row);
  return reason === undefined ? problem : { kind: 'unreadable', reason };
}

export function createRowErrorLog(options: RowErrorLogOptions): RowErrorLog {
  const { policy, sourceName, header, origin, write } = options;
  const countMax = policy.kind === 'fail' ? 0 : (policy.countMax ?? Number.POSITIVE_INFINITY);
  const shareMax = policy.kind === 'fail' ? 1 : (policy.shareMax ?? 1);
  const lineEnd = header.lineEnd.length > 0 ? header.lineEnd : Buffer.from('\n');
  const byReason = new Map<string, number>();
  let count = 0;
  let first = '';
  const counts = (): RowErrorCounts => ({ count, byReason: Object.fromEntries(byReason) });
  const refusal = (why: string): ScoringError => {
    if (policy.kind === 'fail') return new ScoringError('InputParseError', first);
    const text = `${sourceName}: ${manyRows(count)} cannot be scored (${countsText(counts())}), ${why}. The first: ${first}`;
    return new ScoringError('InputParseError', text);
  };
  return {
    take: async (faults, rows, lines, input) => {
      const chunks: Uint8Array[] = [];
      const flush = () => (chunks.length === 0 ? undefined : write(Buffer.concat(chunks)));
      for (const fault of faults) {
        const { start, end } = fault;
        const row = rows + fault.row + 1;
        const problem = original(fault.problem, row, origin);
        const line = origin.lineOf?.(row) ?? lines + fault.line + 1;
        const place = { sourceName, columns: header.names, line, row };
        if (problem.kind === 'unclosed-quote') {
          await flush();
          throw new ScoringError('InputParseError', describeFault(problem, place));
        }
        const { column, value, reason } = wordsOf(problem, header.names);
        if (count === 0) {
          first = describeFault(problem, place);
          chunks.push(...lineOf(errorColumns, header.content, lineEnd));
        }
        count++;
        byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
        const record = new Uint8Array(input, start, end - start);
        chunks.push(...lineOf([sourceName, place.line, place.row, column, value, reason], record, lineEnd));
        if (count <= countMax) continue;
        await flush();
        throw refusal(`and "${rowErrorParameters.countMax}" allows ${countMax}`);
      }
      await flush();
    },
    end: (rows) => {
      if (count <= shareMax * rows) return;
      throw refusal(
        `of ${manyRows(rows)} in all, and "${rowErrorParameters.shareMax}" allows a share of ${shareMax}`,
      );
    },
    counts,
  };
}
