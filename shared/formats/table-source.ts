/** A table of any format as the engine reads it: a stream of CSV, and what its format knows beyond that. */
import type { ScoreJob } from '../scoring/score-job.ts';

/** What a column's values are. `json`: texts that are JSON of any kind. An empty cell is none, but for `text`. */
export type ColumnType = 'number' | 'integer' | 'boolean' | 'text' | 'text-or-null' | 'json';

export type TableSource = Pick<ScoreJob, 'source' | 'delimiter' | 'origin'> & {
  /**
   * Of the columns in order, where the format tells; a text format does not. `text-or-null` gives way to another type
   * when the source has come to the first value of a column that began without one: no cell of it was given out before.
   */
  readonly types: readonly (ColumnType | undefined)[];
};
