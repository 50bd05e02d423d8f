/** Ends its process when it takes too much memory: a thread of its own, since native code blocks the main one. */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { memoryExceeded } from './model-check-messages.ts';

const { memoryMb } = workerData as { readonly memoryMb: number };
const intervalMs = 20;
const stderr = 2;

setInterval(() => {
  if (process.memoryUsage.rss() <= memoryMb * 2 ** 20) return;
  // The parent reads why; nothing but a signal ends a process whose main thread is in native code.
  writeSync(stderr, memoryExceeded);
  process.kill(process.pid, 'SIGKILL');
}, intervalMs);
