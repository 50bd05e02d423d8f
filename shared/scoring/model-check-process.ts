/** The child process of a model check: prepares the model, opens it, runs it on trial rows, answers once. */
import { readFile, stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { CheckAnswer, CheckRequest } from './model-check-messages.ts';
import { ModelRefusal } from './model-refusal.ts';
import { prepareGraph } from './prepare-graph.ts';
import { trialRun } from './trial-run.ts';

/** Copies of the file's bytes that preparing and opening a model makes. */
const copiesOfFile = 4;
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

async function check({ path, memoryMb }: CheckRequest): Promise<CheckAnswer> {
  const bytesMax = Math.floor((memoryMb * 2 ** 20) / copiesOfFile);
  const { size } = await stat(path);
  if (size > bytesMax) {
    return {
      kind: 'refused',
      reason: `The model is too large: ${size} bytes, at most ${bytesMax} are allowed.`,
    };
  }
  try {
    const model = prepareGraph(await readFile(path));
    await trialRun(model);
    return { kind: 'ok', model: model.info };
  } catch (error) {
    if (error instanceof ModelRefusal) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

process.once('message', (request: CheckRequest) => {
  const watch = new Worker(new URL(`./model-check-watch${extension}`, import.meta.url), {
    workerData: request,
  });
  watch.unref();
  // A throw ends the process with its message on stderr, which the parent reads.
  void check(request).then((answer) => {
    process.send?.(answer, undefined, {}, () => process.disconnect());
  });
});
