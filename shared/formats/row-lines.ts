/** On which line of its file a row was: lines that are no rows, and line ends inside values, shift it in the CSV. */

export type RowLines = {
  /** A line that is no row. */
  readonly passLine: () => void;
  /** @returns the row's number, from 1 */
  readonly passRow: () => number;
  /** @param row of one that has been passed, none before the one that was asked for last */
  readonly lineOf: (row: number) => number;
};

/** @param before Lines that precede the first one passed. */
export function createRowLines(before: number): RowLines {
  let rows = 0;
  let last = { row: 1, extra: before };
  const shifts = [last];
  let at = 0;
  return {
    passLine: () => {
      // Many in a row are one note.
      if (last.row <= rows) {
        last = { row: rows + 1, extra: last.extra };
        shifts.push(last);
      }
      last.extra++;
    },
    passRow: () => ++rows,
    lineOf: (row) => {
      while ((shifts[at + 1]?.row ?? Number.POSITIVE_INFINITY) <= row) at++;
      return row + (shifts[at]?.extra ?? 0);
    },
  };
}
