/** Starts the process of a model check as `checkModel` does, but without a timer: what is left of its limits is its own. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [, , path, timeoutMs] = process.argv;
const child = fork(
  fileURLToPath(new URL('../../shared/scoring/model-check-process.ts', import.meta.url)),
  [],
  {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  },
);
child.send({ path, memoryMb: 4_096, timeoutMs: Number(timeoutMs), parentPid: process.pid });
child.once('exit', (_, signal) => process.exit(signal === 'SIGKILL' ? 0 : 1));
process.stdout.write(`${child.pid}`);
