/** Tells whether a process of this very machine is still the one that it was: a pid alone is given out again. */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What a holder writes down about itself; hashed, since it goes into blob metadata that others may read. */
export type ProcessIdentity = { readonly machine: string; readonly pid: number; readonly started: string };

/** The machine as far as pids are comparable: name, boot and (Linux) pid namespace, so that a container is one of its own. */
export function thisMachine(): string {
  const boot = readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = readOr('', () => readlinkSync('/proc/self/ns/pid'));
  return createHash('sha256').update(`${hostname()}\n${boot}\n${namespace}`).digest('hex').slice(0, 32);
}

export function thisProcess(): ProcessIdentity {
  return { machine: thisMachine(), pid: process.pid, started: procStat(process.pid).started };
}

/** `gone` only when that is sure; a process of another machine, or one that cannot be told apart, is `unknown`. */
export function stateOf(identity: ProcessIdentity): 'alive' | 'gone' | 'unknown' {
  if (identity.machine !== thisMachine()) return 'unknown';
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: it is there, and another user's.
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    return isMissing ? 'gone' : 'unknown';
  }
  const { state, started } = procStat(identity.pid);
  // A zombie has ended; only its parent has not asked how.
  if (state === 'Z' || state === 'X') return 'gone';
  if (started === '' || identity.started === '') return 'unknown';
  return started === identity.started ? 'alive' : 'gone';
}

/** Its state's letter, and when it began in clock ticks since the boot; both `''` where the system has no /proc. */
function procStat(pid: number): { readonly state: string; readonly started: string } {
  const stat = readOr('', () => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the program's name in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}

function readOr(otherwise: string, read: () => string): string {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
