/** What the engine and its worker threads say to each other. */
import type { RowFault } from './row-fault.ts';
import type { RowPlan } from './row-plan.ts';
import type { ScoringErrorCode } from './scoring-error.ts';
import type { SessionPlan } from './session-plan.ts';

/** What all threads of an engine get at their start. */
export type WorkerStart = {
  readonly model: Uint8Array;
  readonly plan: SessionPlan;
};

/** What one thread gets. `cancelled[0]` is shared memory: 1 tells the thread to give its blocks back unscored. */
export type WorkerData = WorkerStart & { readonly cancelled: Int32Array };

export type ToWorker =
  /** The blocks that follow belong to this job. */
  | { readonly kind: 'job'; readonly rowPlan: RowPlan }
  /**
   * Whole records in the first `length` bytes of `buffer`, which is longer by `guardBytes` at least; `spare` takes the
   * output, if it is large enough. Both transferred.
   */
  | {
      readonly kind: 'block';
      readonly buffer: ArrayBuffer;
      readonly length: number;
      readonly spare: ArrayBuffer | undefined;
    }
  | { readonly kind: 'close' };

/** A block's outcome. `input` is the block's buffer, given back. */
export type BlockOutcome =
  | {
      readonly kind: 'scored';
      /** Those at fault included. */
      readonly rows: number;
      /** In order. Where the job's policy stops at one, or one cannot be passed, the last ends what was scored. */
      readonly faults: readonly RowFault[];
      /** Rows with a text that the model's encoder does not know, by input. */
      readonly unseen: ReadonlyMap<string, number>;
      /** Lines the block had: rows, blank lines, line ends inside quotes. */
      readonly lines: number;
      readonly input: ArrayBuffer;
      readonly output: ArrayBuffer;
      readonly outputLength: number;
    }
  | { readonly kind: 'cancelled'; readonly input: ArrayBuffer }
  | {
      readonly kind: 'error';
      readonly code: ScoringErrorCode;
      readonly message: string;
      readonly input: ArrayBuffer;
    };

export type FromWorker =
  { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly message: string } | BlockOutcome;
