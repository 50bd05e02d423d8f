/** Jobs on a pool while callers poll without pause, a new connection each: no poll fails, and jobs begin as quickly. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import {
  ended,
  jobBody,
  makePool,
  makeTenant,
  putBlob,
  startInstance,
  type Instance,
  type Tenant,
} from '../blackbox/instance.ts';
import { atLeast, atMost, exactly, median, quantile, type Measure } from './measures.ts';
import type { StormOrder, StormReport } from './poll-storm-process.ts';
import { census } from './start-latency.ts';

const pollsPerSecond = 300;
const vms = 2;

/** @param options.seconds over which the jobs and the polls are spread */
export async function benchPolls(options: { jobs: number; seconds: number }): Promise<Measure[]> {
  const instance = await startInstance();
  try {
    const tenant = await makeTenant(instance, 'bf'.repeat(16));
    await putBlob(instance, 'ten.csv', await census(10));
    const poolId = await makePool(instance, tenant, vms);
    const run = () => spreadJobs(instance, tenant, poolId, options);
    await spreadJobs(instance, tenant, poolId, { jobs: 10, seconds: 1 });
    const alone = await run();
    const storm = startStorm(instance, tenant, options.seconds, await anyJob(instance, tenant, poolId));
    const beside = await run();
    return measuresOf(alone, beside, await storm, options.seconds);
  } finally {
    await instance.stop();
  }
}

/** From the call that starts a job to the moment when its VM has it, by the service's own stamps and clock. */
async function spreadJobs(
  instance: Instance,
  tenant: Tenant,
  poolId: string,
  { jobs, seconds }: { jobs: number; seconds: number },
): Promise<number[]> {
  const everyMs = (seconds * 1_000) / jobs;
  const beganMs = performance.now();
  const latencies: number[] = [];
  const ends: Promise<unknown>[] = [];
  for (let n = 0; n < jobs; n++) {
    await pause(Math.max(0, beganMs + n * everyMs - performance.now()));
    const path = await register(instance, tenant, poolId, `out-${n}.csv`);
    const startedMs = performance.now();
    const reply = await instance.call('POST', `${path}/start?api-version=2.0`, tenant.serviceKey);
    if (reply.status !== 200) throw new Error(reply.text);
    // Dispatch comes before the answer: a free VM has the job by then.
    latencies.push(performance.now() - startedMs);
    ends.push(slowly(() => ended(instance, tenant, path)));
  }
  await Promise.all(ends);
  return latencies;
}

/** The end of a job is looked for once it is likely to have come. */
async function slowly(look: () => Promise<{ StatusCode: string }>): Promise<void> {
  await pause(500);
  const { StatusCode } = await look();
  if (StatusCode !== 'Finished') throw new Error(`a job ended ${StatusCode}`);
}

async function register(instance: Instance, tenant: Tenant, poolId: string, output: string): Promise<string> {
  const body = jobBody(instance, poolId, 'ten.csv', output);
  const jobs = `${tenant.servicePath}/jobs`;
  const made = await instance.call('POST', `${jobs}?api-version=2.0`, tenant.serviceKey, body);
  return `${jobs}/${String(made.json)}`;
}

const anyJob = (instance: Instance, tenant: Tenant, poolId: string) =>
  register(instance, tenant, poolId, 'polled.csv');

/** In a process of its own: the time that its connections take is not the service's. */
async function startStorm(
  instance: Instance,
  tenant: Tenant,
  seconds: number,
  path: string,
): Promise<StormReport> {
  const program = fileURLToPath(new URL('./poll-storm-process.ts', import.meta.url));
  const child = fork(program, [], { stdio: 'inherit' });
  const order: StormOrder = {
    url: `${instance.url}${path}?api-version=2.0`,
    key: tenant.serviceKey,
    perSecond: pollsPerSecond,
    seconds,
  };
  child.send(order);
  const gone = once(child, 'disconnect').then(() => {
    throw new Error('the process that polls ended without a report');
  });
  const [report] = (await Promise.race([once(child, 'message'), gone])) as [StormReport];
  return report;
}

function measuresOf(
  alone: readonly number[],
  beside: readonly number[],
  storm: StormReport,
  seconds: number,
): Measure[] {
  const ms = (id: string, what: string, value: number): Measure => ({ id, what, value, unit: 'ms' });
  const ratio = median(beside) / median(alone);
  const rate = storm.answered / seconds;
  const basis = 'Asked for: 300 polls a second on new connections for 30 s beside 50 jobs, no error.';
  return [
    {
      id: 'polls-answered',
      what: 'polls answered, each on a connection of its own',
      value: rate,
      unit: 'polls/s',
      target: atLeast(rate, pollsPerSecond * 0.95, 'polls/s', 'timed', basis),
    },
    {
      id: 'polls-failed',
      what: 'polls that failed, or were answered with anything but 200',
      value: storm.failed,
      unit: 'calls',
      target: exactly(storm.failed, 0, basis),
    },
    ms('poll-median', 'one such poll, median', storm.medianMs),
    ms('poll-p99', 'one such poll, p99', storm.p99Ms),
    ms('start-alone-median', 'start of a job with a free VM, nobody polls, median', median(alone)),
    ms('start-alone-p95', '  p95', quantile(alone, 0.95)),
    ms('start-beside-median', 'the same beside the polls, median', median(beside)),
    ms('start-beside-p95', '  p95', quantile(beside, 0.95)),
    {
      id: 'start-beside-ratio',
      what: '  against nobody polling',
      value: ratio,
      unit: 'x',
      target: atMost(ratio, 2, 'x', 'timed', 'Asked for: dispatch no more than twice as slow.'),
    },
  ];
}
