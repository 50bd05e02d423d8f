/** On which line of its file a row was: lines that are no rows, and line ends inside values, shift it in the CSV. */

export type RowLines = {
  /** A line that is no row. */
  readonly passLine: () => void;
  /** @returns the row's number, from 1 */
  readonly passRow: () => number;
  /** @param row of one that has been passed, none before the one that was asked for last */
  readonly lineOf: (row: number) => number;
  /** Forgets what only rows up to this one need: a file may have a gap at every row. */
  readonly forget: (row: number) => void;
};

/** @param before Lines that precede the first one passed. */
export function createRowLines(before: number): RowLines {
  let rows = 0;
  let extra = before;
  let start = 1;
  /** From the row `starts[i]` on, `extras[i]` lines that are no rows precede: numbers take a quarter of what objects do. */
  let starts = [start];
  let extras = [extra];
  let at = 0;
  const seek = (row: number): void => {
    while ((starts[at + 1] ?? Number.POSITIVE_INFINITY) <= row) at++;
  };
  return {
    passLine: () => {
      extra++;
      // Many in a row are one note.
      if (start > rows) extras[extras.length - 1] = extra;
      else {
        start = rows + 1;
        starts.push(start);
        extras.push(extra);
      }
    },
    passRow: () => ++rows,
    lineOf: (row) => {
      seek(row);
      return row + (extras[at] ?? 0);
    },
    forget: (row) => {
      seek(row);
      // Only where at least as much goes as is moved.
      if (at * 2 < starts.length) return;
      starts = starts.slice(at);
      extras = extras.slice(at);
      at = 0;
    },
  };
}
