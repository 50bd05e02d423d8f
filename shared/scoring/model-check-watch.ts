/**
 * Ends its process when it takes too much memory or time, or when nobody waits for its answer any more: a thread of its
 * own, since native code blocks the main one.
 */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { memoryExceeded, timeExceeded, type CheckRequest } from './model-check-messages.ts';

const { memoryMb, timeoutMs, parentPid } = workerData as CheckRequest;
const intervalMs = 20;
const stderr = 2;
const sinceMs = performance.now();

/** The parent reads why; nothing but a signal ends a process whose main thread is in native code. */
function end(why: string): void {
  try {
    writeSync(stderr, why);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}

setInterval(() => {
  if (process.memoryUsage.rss() > memoryMb * 2 ** 20) end(memoryExceeded);
  // The parent has a timer too, and may be gone with it.
  else if (performance.now() - sinceMs > timeoutMs) end(timeExceeded);
  else if (process.ppid !== parentPid) end('');
}, intervalMs);
