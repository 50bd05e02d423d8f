/** The state of scanning: one batch of rows and where the scanner stands in its block. */
import type { CellSink } from './cell-sink.ts';
import { createQuotedCell, type QuotedCell } from './quoted-cell.ts';
import type { RowProblem } from './row-fault.ts';

/** A row that could not be read: behind `at` rows and `line` lines of the batch, its bytes as of a row. */
export type ScanFault = {
  readonly at: number;
  readonly line: number;
  readonly problem: RowProblem;
  readonly start: number;
  readonly end: number;
  readonly next: number;
};

/** Kept and reused from batch to batch. */
export type RowScan = {
  readonly delimiter: number;
  /** One sink for each column of the file. */
  readonly sinks: readonly CellSink[];
  /** Row i's own bytes are `starts[i]` to `ends[i]`, its line end goes on to `nexts[i]`. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly nexts: Int32Array;
  rows: number;
  /** Where to go on in the block. */
  position: number;
  /** Lines passed in this batch: rows, blank lines and line ends inside quotes. */
  lines: number;
  /** Why the row at `position` could not be read, when it could not; `faultAt` is the cell's place. */
  problem: RowProblem;
  faultAt: number;
  /** Whether the rows behind one that could not be read are wanted. */
  readonly onFault: 'go-on' | 'stop';
  /** Of this batch, in order. The array is replaced, not emptied. */
  faults: ScanFault[];
  readonly quoted: QuotedCell;
};

const noProblem: RowProblem = { kind: 'column-count', found: 0 };

/** @param rowsMax Rows of a batch; the sinks have room for them. */
export function createRowScan(
  delimiter: number,
  sinks: readonly CellSink[],
  rowsMax: number,
  onFault: RowScan['onFault'],
): RowScan {
  return {
    delimiter,
    sinks,
    starts: new Int32Array(rowsMax),
    ends: new Int32Array(rowsMax),
    nexts: new Int32Array(rowsMax),
    rows: 0,
    position: 0,
    lines: 0,
    problem: noProblem,
    faultAt: 0,
    onFault,
    faults: [],
    quoted: createQuotedCell(),
  };
}
