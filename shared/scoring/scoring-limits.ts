/** Every bound of scoring in one place, with how they relate. */

/** Defaults of `ScoreLimits` and the sizes the pipeline works with. */
export const scoringLimits = {
  /** Bytes a block is cut at; small enough to stay in the cache, large enough that messages cost nothing. */
  blockBytes: 384 * 1024,
  /** Longest record, in bytes: a block grows up to it when a record does not end sooner. */
  recordBytesMax: 16 * 1024 * 1024,
  /** Rows of one run of the model: its one-hot matrix is dense. */
  batchRowsMax: 4096,
  /** Cells of one run: fewer rows where rows are wide. */
  batchCellsMax: 1024 * 1024,
  /** Longest header, in bytes. */
  headerBytesMax: 1024 * 1024,
  /** Blocks at a worker: one being scored, one waiting so that the worker never idles. */
  blocksPerWorker: 2,
  /** Blocks that are scored and wait for the one before them or for the writer. */
  writtenAhead: 2,
  /** Columns of a file and inputs of a model. */
  columnsMax: 10_000,
  /** Worker threads of an engine. */
  workersMax: 64,
  /** Characters of a cell or a name that a message quotes. */
  quotedCharsMax: 60,
} as const;

if (scoringLimits.recordBytesMax < scoringLimits.blockBytes) {
  throw new Error('a record may not be shorter than a block: blocks would never fill');
}
