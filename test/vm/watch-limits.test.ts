import { expect, test } from 'vitest';
import type { JobFault } from '../../shared/vm/job-fault.ts';
import { watchLimits } from '../../shared/vm/watch-limits.ts';

const mib = 1_048_576;
const exceeded = (limits: { runMs: number; memoryMb: number }, resident: () => number) =>
  new Promise<JobFault>((resolve) => {
    watchLimits(limits, resolve, resident);
  });

test('memory: names what was used and what may be', async () => {
  const fault = await exceeded({ runMs: 600_000, memoryMb: 300 }, () => 301 * mib);
  expect(fault).toMatchObject({
    code: 'OutOfMemoryLimit',
    message: expect.stringMatching(/301 MiB.*300 MiB/),
  });
});

test('time: names the limit', async () => {
  const fault = await exceeded({ runMs: 20, memoryMb: 300 }, () => 0);
  expect(fault).toMatchObject({ code: 'ModuleExecutionError', message: expect.stringContaining('0.02 s') });
});

test('a watch that was stopped says nothing', async () => {
  let told = 0;
  const watch = watchLimits(
    { runMs: 1, memoryMb: 1 },
    () => (told += 1),
    () => 2 * mib,
  );
  watch.stop();
  // The next timer of the same length fires after the one that was stopped would have.
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(told).toBe(0);
});
