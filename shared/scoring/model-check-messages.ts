/** What the model check and its child process say to each other. */
import type { ModelCheck } from './model-check.ts';

/** Sent to the child when it has started. */
export type CheckRequest = {
  readonly path: string;
  readonly memoryMb: number;
  /** From here on. */
  readonly timeoutMs: number;
  /** Of whoever waits for the answer. */
  readonly parentPid: number;
};
/** Its one answer. */
export type CheckAnswer = ModelCheck;

/** Written to stderr by the child before it ends itself. */
export const memoryExceeded = 'memory limit exceeded';
export const timeExceeded = 'time limit exceeded';
