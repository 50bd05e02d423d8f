/** CPU time that processes have used, threads and all, as Linux counts it. */
import { readFileSync } from 'node:fs';

/** Clock ticks a second that /proc counts in: the same on every Linux. */
const ticksPerSecond = 100;

/** Seconds since each began, summed; 0 on other systems. */
export function cpuSeconds(pids: readonly number[]): number {
  if (process.platform !== 'linux') return 0;
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the program's name, which may hold anything: the state is the third field, user and system time follow.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }, 0);
}
