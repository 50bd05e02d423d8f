/** Whoever reads a command's output may go away first, as `head` does. */

/**
 * Calls `onClosed` for each write that nobody can read any more. Without a listener such a write ends the process on
 * the spot, with whatever it has started still running.
 */
export function whenOutputCloses(onClosed: () => void): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', onClosed);
}
