/** How far a running job is and when it may be done, as its VM's last beat has it. Pure. */
import type { Running } from './job.ts';
import type { Working } from './vm.ts';

export type Progress = {
  readonly rowsDone: number;
  /** Estimated by the part of the input's bytes that is done. */
  readonly rowsTotal?: number;
  readonly rowsPerSecond?: number;
  readonly expectedEndMs?: number;
};

/** Times closer to the start say nothing about the speed. */
const measuredMsMin = 500;

export function progressOf(job: Running, vm: Working): Progress {
  const { rowsDone, bytesDone = 0 } = vm;
  if (rowsDone === 0) return { rowsDone };
  const passedMs = vm.beatMs - job.runningMs;
  const rowsPerSecond =
    passedMs < measuredMsMin ? {} : { rowsPerSecond: Math.round((rowsDone * 1_000) / passedMs) };
  const bytesTotal = Object.values(job.inputs ?? {}).reduce((sum, pin) => sum + pin.bytes, 0);
  if (bytesDone <= 0 || bytesTotal <= 0) return { rowsDone, ...rowsPerSecond };
  const part = Math.min(1, bytesDone / bytesTotal);
  return {
    rowsDone,
    rowsTotal: Math.round(rowsDone / part),
    ...rowsPerSecond,
    ...(passedMs < measuredMsMin ? {} : { expectedEndMs: Math.round(job.runningMs + passedMs / part) }),
  };
}
