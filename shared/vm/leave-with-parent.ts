/** A VM whose parent is gone ends at once, in whatever it was doing: nobody could stop it any more. */

/**
 * Killed, not exited: an exit in the middle of a native run would end in an abort with a report of its own.
 * Machines started without a channel (Azure Batch) have no parent to lose.
 */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

export function leaveWithParent(): void {
  if (process.channel === undefined) return;
  process.on('disconnect', end);
  // The channel may have closed while the program was being loaded.
  if (!process.connected) end();
}
