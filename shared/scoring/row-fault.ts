/** What can be wrong with one row, as a value: the worker finds it, the job's policy decides, the words come last. */
import { shownCut, type CutText } from './quote-value.ts';

/** The fault itself. `column` counts from 0. */
export type RowProblem =
  | { readonly kind: 'cell'; readonly column: number; readonly expected: string; readonly found: CutText }
  /** What follows cannot be told apart: no policy goes on behind it. */
  | { readonly kind: 'unclosed-quote'; readonly column: number }
  | { readonly kind: 'text-after-quote'; readonly column: number }
  /** The row has `found` columns instead of the header's. */
  | { readonly kind: 'column-count'; readonly found: number }
  /** In the format that it had before it was CSV. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/** A fault with its place in a block: rows and lines that precede it, and the bytes of its row without the line end. */
export type RowFault = {
  readonly row: number;
  readonly line: number;
  readonly problem: RowProblem;
  readonly start: number;
  readonly end: number;
};

/** What messages need to know about the file. `line` and `row` count from 1; the header is no row. */
export type FaultPlace = {
  readonly sourceName: string;
  readonly columns: readonly string[];
  readonly line: number;
  readonly row: number;
};

/** A fault in the parts that the error file has, and that are counted. */
export type FaultWords = {
  /** The column's name; empty where the whole row is at fault. */
  readonly column: string;
  readonly value: string;
  /** One of a few texts. */
  readonly reason: string;
};

function describeProblem(problem: RowProblem, columns: readonly string[]): string {
  switch (problem.kind) {
    case 'cell':
      return `, column '${columns[problem.column] ?? ''}': expected ${problem.expected}, found ${shownCut(problem.found)}.`;
    case 'unclosed-quote':
      return `, column '${columns[problem.column] ?? ''}': the quote that opens here is never closed.`;
    case 'text-after-quote':
      return `, column '${columns[problem.column] ?? ''}': text after the closing quote (a quote inside a quoted value is written twice).`;
    case 'unreadable':
      return `: ${problem.reason}.`;
    case 'column-count':
      return `: ${problem.found} ${problem.found === 1 ? 'column' : 'columns'}, the header has ${columns.length}.`;
  }
}

/** The fault as a sentence: `data.csv line 1042 (row 1041), column 'age': expected a number, found "abc".` */
export function describeFault(problem: RowProblem, place: FaultPlace): string {
  return `${place.sourceName} line ${place.line} (row ${place.row})${describeProblem(problem, place.columns)}`;
}

export function wordsOf(problem: RowProblem, columns: readonly string[]): FaultWords {
  switch (problem.kind) {
    case 'cell': {
      const { text, chars } = problem.found;
      return {
        column: columns[problem.column] ?? '',
        value: chars > text.length ? `${text}...` : text,
        reason: `expected ${problem.expected}`,
      };
    }
    case 'unclosed-quote':
      return { column: columns[problem.column] ?? '', value: '', reason: 'quote never closed' };
    case 'text-after-quote':
      return { column: columns[problem.column] ?? '', value: '', reason: 'text after the closing quote' };
    case 'unreadable':
      return { column: '', value: '', reason: problem.reason };
    case 'column-count':
      return { column: '', value: `${problem.found} columns`, reason: 'wrong number of columns' };
  }
}
