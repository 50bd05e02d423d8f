/** The contract of one scoring run: where rows come from, where they go, and how far a run may reach. */

import type { RowErrorCounts, RowErrorPolicy } from '../core/row-errors.ts';

/** A value of a model input that is the same for every row. */
export type Constant = string | number | boolean;

/** Bounds of a run. All optional; the defaults are in `scoring-limits.ts`. */
export type ScoreLimits = {
  /** Longest record, line end included, in bytes; `OutOfMemoryLimit` beyond it. */
  readonly recordBytesMax?: number;
  /** Bytes a block of rows is cut at, 16 or more. Smaller ones take more time, larger ones more memory. */
  readonly blockBytes?: number;
  /** Most columns a header may have; `InputParseError` beyond it. */
  readonly columnsMax?: number;
};

/** What a source that was made of another format knows of its rows, counted from 1. */
export type RowOrigin = {
  /** The line that messages name. Default: the source's own. */
  readonly lineOf?: (row: number) => number;
  /** Why a row could not be read in its own format; it has more columns than the header then. */
  readonly unreadable?: (row: number) => string | undefined;
  /** Rows up to this one have been written, with what was wrong with them: nothing more is asked about them. */
  readonly written?: (row: number) => void;
};

/** One file to score. */
export type ScoreJob = {
  /** The file's bytes in chunks of any size. Chunks may be reused by the source after the next one is asked for. */
  readonly source: AsyncIterable<Uint8Array>;
  /** How messages name the file: `data.csv`. */
  readonly sourceName: string;
  /** Where the rows come from, if not from lines of the source as it is. */
  readonly origin?: RowOrigin;
  /** Default `,`. */
  readonly delimiter?: ',' | '\t';
  /**
   * Takes the output in order; the next chunk comes when the promise resolves, and may have the same memory. Never
   * called again once it rejected.
   */
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** What becomes of rows that cannot be scored. Default `fail`. */
  readonly rowErrors?: RowErrorPolicy;
  /** Takes the error file (`row-error-log.ts`) as `write` takes the output; never called where no row is at fault. */
  readonly writeErrors?: (chunk: Uint8Array) => Promise<void>;
  /** Model inputs (by name, matched as columns are) that get one value for every row instead of a column. */
  readonly constants?: Readonly<Record<string, Constant>>;
  /** Stops the run: `score` rejects with the signal's reason; the engine stays usable. */
  readonly signal?: AbortSignal;
  /** Called after each block was written, with the rows done so far and the bytes that they took. Must not throw. */
  readonly onProgress?: (rowsDone: number, bytesDone: number) => void;
  readonly limits?: ScoreLimits;
};

/** What a finished run moved and found. */
export type ScoreResult = {
  /** Of the input, those at fault included. */
  readonly rows: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly rowErrors: RowErrorCounts;
  /** Rows with a text that the encoder behind the input does not know, by input; they are scored all the same. */
  readonly unseen: Readonly<Record<string, number>>;
};
