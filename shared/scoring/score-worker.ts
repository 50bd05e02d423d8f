/** The worker thread: one session, blocks in, scored blocks out, one at a time. */
import { parentPort, workerData, type Transferable } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import { createBlockScorer, scoreBlock, type BlockScorer } from './score-block.ts';
import { ScoringError } from './scoring-error.ts';
import { sessionOptions } from './session-options.ts';
import type { BlockOutcome, FromWorker, ToWorker, WorkerData } from './worker-messages.ts';

const port = parentPort;
if (port === null) throw new Error('score-worker.ts runs as a worker thread only');

const { model, plan, cancelled } = workerData as WorkerData;
let scorer: BlockScorer | undefined;

function post(message: FromWorker, transfer: readonly Transferable[] = []): void {
  port?.postMessage(message, transfer);
}

function errorOutcome(error: unknown, input: ArrayBuffer): BlockOutcome {
  if (error instanceof ScoringError)
    return { kind: 'error', code: error.code, message: error.message, input };
  const outOfMemory = error instanceof RangeError;
  const reason = error instanceof Error ? error.message : String(error);
  return {
    kind: 'error',
    code: outOfMemory ? 'OutOfMemoryLimit' : 'ModuleExecutionError',
    message: `Scoring failed: ${reason}`,
    input,
  };
}

async function answer(session: ort.InferenceSession, message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'job':
      scorer = createBlockScorer(session, plan, message.rowPlan, cancelled);
      return;
    case 'block': {
      if (scorer === undefined) throw new Error('a block came before its job');
      const { buffer, length, spare } = message;
      const outcome = await scoreBlock(scorer, buffer, length, spare).catch((error: unknown) =>
        errorOutcome(error, buffer),
      );
      post(outcome, outcome.kind === 'scored' ? [outcome.input, outcome.output] : [outcome.input]);
      return;
    }
    case 'close':
      await session.release();
      port?.close();
  }
}

try {
  const session = await ort.InferenceSession.create(model, sessionOptions);
  // One after the other: a job's arrays are used by one run at a time.
  let turn = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    turn = turn.then(() => answer(session, message));
  });
  post({ kind: 'ready' });
} catch (error) {
  post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
}
