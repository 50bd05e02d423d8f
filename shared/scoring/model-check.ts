/** Decides whether a model file can be served, in a child process of its own: the file is not to be trusted. */
import { fork, type ChildProcess } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { memoryExceeded, timeExceeded, type CheckAnswer, type CheckRequest } from './model-check-messages.ts';
import type { ModelInfo } from './model-info.ts';

/** The file to check and the limits of the process that checks it. */
export type ModelCheckOptions = {
  readonly path: string;
  /** Wall time of the check, in milliseconds; the child is killed after it, and before when this process ends. A small model takes some 300. */
  readonly timeoutMs: number;
  /** Resident memory of the child, in MiB, at least 256 (Node and the runtime take 150); the file may have a quarter of it. */
  readonly memoryMb: number;
};

/** The verdict. `reason` is a sentence for the person who uploaded the model. */
export type ModelCheck =
  { readonly kind: 'ok'; readonly model: ModelInfo } | { readonly kind: 'refused'; readonly reason: string };

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const processUrl = new URL(`./model-check-process${extension}`, import.meta.url);
/** The end of stderr that is kept. */
const stderrCharsMax = 2000;

/** Nothing of ours: no keys, no settings. Windows cannot load libraries without its own directory. */
function scrubbedEnvironment(): NodeJS.ProcessEnv {
  const root = process.env['SystemRoot'];
  return root === undefined ? {} : { SystemRoot: root };
}

function startChild(memoryMb: number): ChildProcess {
  return fork(processUrl, [], {
    env: scrubbedEnvironment(),
    execArgv: [`--max-old-space-size=${memoryMb}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

function explainDeath(stderr: string, options: ModelCheckOptions, timedOut: boolean): string {
  if (timedOut || stderr.includes(timeExceeded)) {
    return `The model could not be checked within ${options.timeoutMs} ms.`;
  }
  if (stderr.includes(memoryExceeded) || stderr.includes('heap out of memory')) {
    return `The model takes more memory than the ${options.memoryMb} MiB allowed.`;
  }
  return 'The model made the runtime crash.';
}

/**
 * Checks a model file: an ONNX file whose inputs and outputs scoring supports, and which runs.
 * Never throws for what is in the file; the child process is gone when the promise settles.
 * @throws Error when `path` cannot be read or the child cannot be started.
 */
export async function checkModel(options: ModelCheckOptions): Promise<ModelCheck> {
  await access(options.path, constants.R_OK);
  const child = startChild(options.memoryMb);
  let answer: CheckAnswer | undefined;
  let stderr = '';
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, options.timeoutMs);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrCharsMax);
  });
  child.on('message', (message: CheckAnswer) => (answer = message));
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  const request: CheckRequest = { ...options, parentPid: process.pid };
  // A child that dies at once closes the channel; its end says why.
  child.send(request, () => undefined);
  try {
    await ended;
  } finally {
    clearTimeout(timer);
  }
  return answer ?? { kind: 'refused', reason: explainDeath(stderr, options, timedOut) };
}
