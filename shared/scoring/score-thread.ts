/** The engine's side of one worker thread: starts it, hands it blocks, notices its death. */
import { Worker } from 'node:worker_threads';
import type { RowPlan } from './row-plan.ts';
import { ScoringError } from './scoring-error.ts';
import type { BlockOutcome, FromWorker, ToWorker, WorkerData, WorkerStart } from './worker-messages.ts';

export type ScoreThread = {
  /** Blocks sent and not answered. */
  readonly pending: () => number;
  readonly alive: () => boolean;
  /** Says which job the next blocks belong to; the thread has none of another job any more. */
  readonly begin: (rowPlan: RowPlan) => void;
  /** Makes the thread give back the blocks it has, unscored, after the batch it is busy with. */
  readonly cancel: () => void;
  /**
   * Scores one block, in turn. The buffer is gone until the outcome brings it back; so is `spare`, which an earlier
   * outcome had its output in. Rejects when the thread dies.
   */
  readonly score: (
    buffer: ArrayBuffer,
    length: number,
    spare: ArrayBuffer | undefined,
  ) => Promise<BlockOutcome>;
  /** Ends the thread after the blocks it has. */
  readonly close: () => Promise<void>;
};

type Waiter = { readonly resolve: (outcome: BlockOutcome) => void; readonly reject: (error: Error) => void };

// The same extension as this file: .ts in development, .js when compiled.
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const workerUrl = new URL(`./score-worker${extension}`, import.meta.url);

function deathError(error: unknown, exitCode: number | undefined): ScoringError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new ScoringError('OutOfMemoryLimit', 'Scoring ran out of memory.', { cause: error });
  }
  const reason = error instanceof Error ? error.message : `it exited with code ${exitCode ?? 'unknown'}`;
  return new ScoringError('ModuleExecutionError', `A scoring thread died: ${reason}.`, { cause: error });
}

function started(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', (message: FromWorker) => {
      if (message.kind === 'failed') {
        reject(new ScoringError('ModuleExecutionError', `The model cannot be opened: ${message.message}`));
      } else resolve();
    });
    worker.once('error', (error) => reject(deathError(error, undefined)));
    worker.once('exit', (code) => reject(deathError(undefined, code)));
  });
}

/**
 * Starts a thread and waits until its session is open.
 * @throws ScoringError when the session cannot be opened.
 */
export async function startScoreThread(start: WorkerStart): Promise<ScoreThread> {
  const cancelled = new Int32Array(new SharedArrayBuffer(4));
  const workerData: WorkerData = { ...start, cancelled };
  const worker = new Worker(workerUrl, { workerData, name: 'scoring', env: {}, execArgv: [] });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  await started(worker);
  const waiters: Waiter[] = [];
  let death: ScoringError | undefined;
  const die = (error: unknown, code: number | undefined): void => {
    death ??= deathError(error, code);
    for (const waiter of waiters.splice(0)) waiter.reject(death);
    worker.unref();
  };
  worker.on('error', (error) => die(error, undefined));
  worker.on('exit', (code) => die(undefined, code));
  worker.on('message', (outcome: BlockOutcome) => {
    const waiter = waiters.shift();
    if (waiters.length === 0) worker.unref();
    waiter?.resolve(outcome);
  });
  // An idle engine does not keep its process alive.
  worker.unref();
  const send = (message: ToWorker, transfer: ArrayBuffer[] = []): void =>
    worker.postMessage(message, transfer);
  return {
    pending: () => waiters.length,
    alive: () => death === undefined,
    begin: (rowPlan) => {
      Atomics.store(cancelled, 0, 0);
      send({ kind: 'job', rowPlan });
    },
    cancel: () => void Atomics.store(cancelled, 0, 1),
    score: (buffer, length, spare) =>
      new Promise((resolve, reject) => {
        if (death !== undefined) {
          reject(death);
          return;
        }
        waiters.push({ resolve, reject });
        worker.ref();
        send({ kind: 'block', buffer, length, spare }, spare === undefined ? [buffer] : [buffer, spare]);
      }),
    close: async () => {
      worker.ref();
      send({ kind: 'close' });
      await exited;
    },
  };
}
