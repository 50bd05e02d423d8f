/** What the model check and its child process say to each other. */
import type { ModelCheck } from './model-check.ts';

/** Sent to the child when it has started. */
export type CheckRequest = { readonly path: string; readonly memoryMb: number };
/** Its one answer. */
export type CheckAnswer = ModelCheck;

/** Written to stderr by the child before it ends itself. */
export const memoryExceeded = 'memory limit exceeded';
