/** Opens a model for scoring: worker threads with one session each, kept warm over any number of jobs. */
import { readFile } from 'node:fs/promises';
import type { ModelInfo } from './model-info.ts';
import { prepareGraph, type PreparedModel } from './prepare-graph.ts';
import { runJob } from './run-job.ts';
import type { ScoreJob, ScoreResult } from './score-job.ts';
import { startScoreThread, type ScoreThread } from './score-thread.ts';
import { ScoringError } from './scoring-error.ts';
import { scoringLimits } from './scoring-limits.ts';
import { untilAborted } from './until-aborted.ts';
import type { WorkerStart } from './worker-messages.ts';

/** Where the model is and how many threads score with it. */
export type EngineOptions = {
  /** Worker threads, 1 to 64; each holds one session. Default 1. */
  readonly workers?: number;
} & ({ readonly modelPath: string } | { readonly modelBytes: Uint8Array });

/** An open model. Jobs given at the same time run one after the other. */
export type Engine = {
  readonly info: ModelInfo;
  /**
   * Scores one file.
   * @throws ScoringError where the input or the model is at fault; the signal's reason on abort; whatever
   * `source` or `write` threw. The engine stays usable after all of them.
   */
  readonly score: (job: ScoreJob) => Promise<ScoreResult>;
  /** Waits for running jobs, then ends the threads. Safe to call twice. */
  readonly close: () => Promise<void>;
};

/** The model's bytes, prepared. */
async function prepare(options: EngineOptions): Promise<PreparedModel> {
  try {
    return prepareGraph('modelBytes' in options ? options.modelBytes : await readFile(options.modelPath));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ScoringError('ModuleExecutionError', `The model cannot be opened: ${reason}`, { cause: error });
  }
}

/** Starts `count` threads; if one fails, those that started are ended. */
async function startThreads(start: WorkerStart, count: number): Promise<ScoreThread[]> {
  const starts = await Promise.allSettled(Array.from({ length: count }, () => startScoreThread(start)));
  const threads = starts.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = starts.find((result) => result.status === 'rejected');
  if (failed === undefined) return threads;
  await Promise.all(threads.map((thread) => thread.close()));
  throw failed.reason;
}

/**
 * Opens a model in this process's worker threads (use `checkModel` first for files that are not trusted).
 * An idle engine does not keep the process alive.
 * @throws ScoringError `ModuleExecutionError` with the reason when the model cannot be used.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const count = options.workers ?? 1;
  if (!Number.isInteger(count) || count < 1 || count > scoringLimits.workersMax) {
    throw new RangeError(`workers must be 1 to ${scoringLimits.workersMax}, not ${count}`);
  }
  const { bytes, info, plan } = await prepare(options);
  const start: WorkerStart = { model: bytes, plan };
  let threads = await startThreads(start, count);
  let closing: Promise<void> | undefined;
  /** Settles when the last job given is over. */
  let turn: Promise<unknown> = Promise.resolve();

  const reviveThreads = async (): Promise<void> => {
    const alive = threads.filter((thread) => thread.alive());
    threads = alive;
    threads = [...alive, ...(await startThreads(start, count - alive.length))];
  };
  const scoreAfter = async (before: Promise<unknown>, job: ScoreJob): Promise<ScoreResult> => {
    await (job.signal === undefined ? before : untilAborted(before, job.signal));
    await reviveThreads();
    return await runJob(threads, info, job);
  };
  return {
    info,
    score: async (job) => {
      if (closing !== undefined) throw new Error('the engine is closed');
      const result = scoreAfter(turn, job);
      // A job that is aborted while it waits is over before the one it waited for.
      turn = Promise.allSettled([turn, result]);
      return await result;
    },
    close: () => {
      closing ??= turn.then(async () => {
        await Promise.all(threads.filter((thread) => thread.alive()).map((thread) => thread.close()));
      });
      return closing;
    },
  };
}
