/** The state of scanning: one batch of rows and where the scanner stands in its block. */
import type { CellSink } from './cell-sink.ts';
import { createQuotedCell, type QuotedCell } from './quoted-cell.ts';
import type { RowProblem } from './row-fault.ts';

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
  /** Set when a row could not be read: `position` is the row's start, `faultAt` the cell's. */
  problem: RowProblem | undefined;
  faultAt: number;
  readonly quoted: QuotedCell;
};

/** @param rowsMax Rows of a batch; the sinks have room for them. */
export function createRowScan(delimiter: number, sinks: readonly CellSink[], rowsMax: number): RowScan {
  return {
    delimiter,
    sinks,
    starts: new Int32Array(rowsMax),
    ends: new Int32Array(rowsMax),
    nexts: new Int32Array(rowsMax),
    rows: 0,
    position: 0,
    lines: 0,
    problem: undefined,
    faultAt: 0,
    quoted: createQuotedCell(),
  };
}
