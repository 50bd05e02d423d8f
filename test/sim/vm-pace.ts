/**
 * How quickly VMs beat and are missed. At a sixth of the real pace all intervals keep their relations, silence is as
 * long as most stalls and cuts are, and a day has a sixth of the beats: most seeds go at that. Busy VMs beat like idle
 * ones: what they say beside that they live is how many rows are done, and nobody here looks at that.
 */
import { limits } from '../../shared/core/limits.ts';

export type VmPace = 'real' | 'sixth';

const { beatBusyMs, beatIdleMs, beatAgainMs, leaseMs, suspectMs, leaveMs } = limits;
const real = { beatBusyMs, beatIdleMs, beatAgainMs, leaseMs, suspectMs, leaveMs };
const sixth = {
  ...Object.fromEntries(Object.entries(real).map(([name, ms]) => [name, 6 * ms])),
  beatBusyMs: 6 * beatIdleMs,
};

/** For all that is simulated in this process from now on. */
export function setVmPace(pace: VmPace): void {
  Object.assign(limits, pace === 'real' ? real : sixth);
}
