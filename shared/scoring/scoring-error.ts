/** The one error class scoring throws: a closed list of codes and a sentence made for the caller of a job. */

import type { RowErrorCounts } from '../core/row-errors.ts';

/** Whose fault it is and how a job's status names it. All are final: the same input fails again. */
export type ScoringErrorCode =
  /** The file is not readable as CSV, or a cell is not what its input needs. */
  | 'InputParseError'
  /** The file's columns (or the constants) do not fit the model's inputs. */
  | 'InputMismatchError'
  /** The model itself failed, or cannot be opened. */
  | 'ModuleExecutionError'
  /** A record or a model larger than the limits, or memory ran out. */
  | 'OutOfMemoryLimit';

/** Thrown by `openEngine`, `Engine.score` and what they use. `message` is a whole sentence, safe to show. */
export class ScoringError extends Error {
  readonly code: ScoringErrorCode;
  /** Rows that could not be scored until then: they are in the error file. */
  rowErrors?: RowErrorCounts;

  /** @param message One sentence for the caller of the job, with the place of the fault. */
  constructor(code: ScoringErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ScoringError';
    this.code = code;
  }
}
