/** VMs in each state, for tests of what is decided about them. */
import { occupy, provision, ready, type Busy, type Idle } from '../../shared/core/vm.ts';

export const t0 = Date.UTC(2030, 0, 1, 10);
export const poolId = 'a'.repeat(32);

export function vmIdOf(n: number): string {
  return 'a'.repeat(12) + n.toString(16).padStart(20, '0');
}

export function idleVm(n: number, readyMs = t0): Idle {
  return ready(provision(vmIdOf(n), poolId, readyMs), 'f'.repeat(32), readyMs);
}

export function busyVm(n: number, atMs = t0): Busy {
  return occupy(
    idleVm(n, atMs),
    { jobId: 'a'.repeat(12) + n.toString(16).padStart(20, 'b'), attempt: 1 },
    atMs,
  );
}
