/** The contract of one scoring run: where rows come from, where they go, and how far a run may reach. */

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

/** One file to score. */
export type ScoreJob = {
  /** The file's bytes in chunks of any size. Chunks may be reused by the source after the next one is asked for. */
  readonly source: AsyncIterable<Uint8Array>;
  /** How messages name the file: `data.csv`. */
  readonly sourceName: string;
  /** Default `,`. */
  readonly delimiter?: ',' | '\t';
  /** Takes the output in order; the next chunk comes when the promise resolves. Never called again once it rejected. */
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** Model inputs (by name, matched as columns are) that get one value for every row instead of a column. */
  readonly constants?: Readonly<Record<string, Constant>>;
  /** Stops the run: `score` rejects with the signal's reason; the engine stays usable. */
  readonly signal?: AbortSignal;
  /** Called after each block was written, with the rows written so far. Must not throw. */
  readonly onProgress?: (rowsDone: number) => void;
  readonly limits?: ScoreLimits;
};

/** What a finished run moved. */
export type ScoreResult = { readonly rows: number; readonly bytesIn: number; readonly bytesOut: number };
