/** What can be wrong with one row, as a value: the worker finds it, the caller's policy decides, the message is made last. */

/** The fault itself. `column` counts from 0; `found` is the cell's text, cut to length. */
export type RowProblem =
  | { readonly kind: 'cell'; readonly column: number; readonly expected: string; readonly found: string }
  | { readonly kind: 'unclosed-quote'; readonly column: number }
  | { readonly kind: 'text-after-quote'; readonly column: number }
  /** The row has `found` columns instead of the header's. */
  | { readonly kind: 'column-count'; readonly found: number };

/** A fault with its place in a block, both counted from 0. */
export type RowFault = { readonly row: number; readonly line: number; readonly problem: RowProblem };

/** What messages need to know about the file. `line` and `row` count from 1; the header is no row. */
export type FaultPlace = {
  readonly sourceName: string;
  readonly columns: readonly string[];
  readonly line: number;
  readonly row: number;
};

function describeProblem(problem: RowProblem, columns: readonly string[]): string {
  switch (problem.kind) {
    case 'cell':
      return `, column '${columns[problem.column] ?? ''}': expected ${problem.expected}, found ${problem.found}.`;
    case 'unclosed-quote':
      return `, column '${columns[problem.column] ?? ''}': the quote that opens here is never closed.`;
    case 'text-after-quote':
      return `, column '${columns[problem.column] ?? ''}': text after the closing quote (a quote inside a quoted value is written twice).`;
    case 'column-count':
      return `: ${problem.found} ${problem.found === 1 ? 'column' : 'columns'}, the header has ${columns.length}.`;
  }
}

/** The fault as a sentence: `data.csv line 1042 (row 1041), column 'age': expected a number, found "abc".` */
export function describeFault(problem: RowProblem, place: FaultPlace): string {
  return `${place.sourceName} line ${place.line} (row ${place.row})${describeProblem(problem, place.columns)}`;
}
