/** How the rows of one job become feeds: which column or constant fills which place of which input. Sent to the workers. */

/** Where a value comes from. A constant has been converted to its input's type already. */
export type CellSource =
  | { readonly kind: 'column'; readonly column: number }
  | { readonly kind: 'constant'; readonly value: number | bigint | boolean | string };

/** One place of a feed: `offset` of the `width` values a row has in feed number `feed`. */
export type Slot = { readonly feed: number; readonly offset: number; readonly source: CellSource };

/** A job as the workers see it. */
export type RowPlan = {
  /** A byte. */
  readonly delimiter: number;
  /** Columns that every row must have. */
  readonly columnCount: number;
  readonly slots: readonly Slot[];
  /** What becomes of rows that cannot be scored. */
  readonly rowErrors: 'fail' | 'skip' | 'blank';
};
