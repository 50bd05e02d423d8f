/** A table of any format as the engine reads it: a stream of CSV, and what its format knows beyond that. */
import type { ScoreJob } from '../scoring/score-job.ts';

/** What a column's values are. `json`: texts that are JSON of any kind. */
export type ColumnType = 'number' | 'integer' | 'boolean' | 'text' | 'json';

export type TableSource = Pick<ScoreJob, 'source' | 'delimiter' | 'origin'> & {
  /** Of the columns in order, where the format tells; a text format does not. */
  readonly types: readonly (ColumnType | undefined)[];
};
