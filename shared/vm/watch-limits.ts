/** Holds a job to its time and its memory: the process watches itself, since nobody else can see both. */
import type { Assignment } from '../core/vm-protocol.ts';
import { JobFault } from './job-fault.ts';

/** Memory is looked at this often: a job that takes a gigabyte a second is caught within a quarter of it. */
const lookMs = 250;
const mib = 1_048_576;

export type LimitWatch = { stop(): void };

/** @param exceeded called once, with what the job's owner is told */
export function watchLimits(
  { runMs, memoryMb }: Assignment['limits'],
  exceeded: (fault: JobFault) => void,
  residentBytes: () => number = () => process.memoryUsage.rss(),
): LimitWatch {
  const stop = () => {
    clearTimeout(time);
    clearInterval(memory);
  };
  const tell = (fault: JobFault) => {
    stop();
    exceeded(fault);
  };
  const time = setTimeout(() => {
    const text = `The job ran longer than the ${duration(runMs)} that one may run here.`;
    tell(
      new JobFault(
        'ModuleExecutionError',
        `${text} Give it less to do, or ask the operator for a longer limit.`,
      ),
    );
  }, runMs);
  const memory = setInterval(() => {
    const usedMb = Math.round(residentBytes() / mib);
    if (usedMb <= memoryMb) return;
    const text = `The job's VM took ${usedMb} MiB of memory, and a job may have ${memoryMb} MiB.`;
    tell(
      new JobFault(
        'OutOfMemoryLimit',
        `${text} Use a smaller model, or ask the operator for a higher limit.`,
      ),
    );
  }, lookMs);
  return { stop };
}

function duration(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} minutes` : `${ms / 1_000} s`;
}
