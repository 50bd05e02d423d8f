/** The main job of Millpond, step by step, as a client of its HTTP API: from an account to the bill. */
import { styleText } from 'node:util';
import { createApi, type Api } from './api-client.ts';
import { billShape, type PoolUsage } from './api-shapes.ts';
import { awaitJobs, cancelJob, checkFinished, submitJob, type DemoJob, type EndedJob } from './demo-jobs.ts';
import type { DemoOptions } from './demo-options.ts';
import { createPool, leftOverPools, settledMs, type DemoPool } from './demo-pool.ts';
import { createProgress, type Progress } from './demo-progress.ts';
import { billReport, jobTimes, scoredRows } from './demo-report.ts';
import { readBeginning, saveResult } from './demo-results.ts';
import {
  planPath,
  setUpAccount,
  setUpPlan,
  setUpService,
  uploadCsv,
  type DemoAccount,
  type DemoService,
  type UploadedCsv,
} from './demo-setup.ts';

export type DemoRun = {
  readonly url: string;
  readonly operatorKey: string;
  readonly options: DemoOptions;
  readonly signal: AbortSignal;
  readonly out: NodeJS.WriteStream;
};
type Step = DemoRun & { readonly api: Api; say(line: string): void };

const poolJobs = 6;
const cleanUpMs = 20_000;

/** @throws CliError, or the signal's reason; in any case the pool is deleted. */
export async function runDemo(run: DemoRun): Promise<void> {
  const api = createApi(run.url, run.signal);
  const step: Step = { ...run, api, say: (line) => void run.out.write(`${line}\n`) };
  const account = await setUpAccount(api, run.operatorKey);
  await setUpPlan(api, account.key);
  heading(step, 'Account and plan S1 are there; making the web service "adult" from the sample model');
  const service = await setUpService(api, account.key, run.signal);
  step.say(`  ${service.path}`);
  const csv = await upload(step, service);
  await removeLeftOvers(step, account);
  heading(step, `Creating a pool of ${run.options.vms} VMs, billed to that service's plan`);
  const wanted = { vmCount: run.options.vms, swaggerUrl: service.swaggerUrl };
  const pool = await createPool(api, account, wanted);
  const jobs: DemoJob[] = [];
  let live: PoolUsage;
  try {
    await awaitVms(step, pool);
    const ended = await runJobs(step, service, pool, csv, jobs);
    await showResults(step, ended);
    live = await emptyPool(step, pool);
  } catch (error) {
    await cleanUp(step, account, service, pool, jobs);
    throw error;
  }
  await settle(step, account, pool, live);
}

function heading(step: Step, text: string): void {
  step.say(`\n${styleText('bold', text)}`);
}

async function withProgress<T>(step: Step, work: (progress: Progress) => Promise<T>): Promise<T> {
  const progress = createProgress(step.out);
  try {
    return await work(progress);
  } finally {
    progress.stop();
  }
}

async function upload(step: Step, service: DemoService): Promise<UploadedCsv> {
  const { input, rows } = step.options;
  const name = input ?? `${rows.toLocaleString('en')} generated rows`;
  heading(step, `Uploading ${name}`);
  const source = input === undefined ? { rows } : { file: input, rows };
  const csv = await withProgress(step, (progress) =>
    uploadCsv(step.api, service, source, { progress, signal: step.signal }),
  );
  step.say(`  ${(csv.bytes / 1e6).toFixed(1)} MB as ${csv.input.RelativeLocation}`);
  return csv;
}

async function removeLeftOvers(step: Step, account: DemoAccount): Promise<void> {
  for (const pool of await leftOverPools(step.api, account)) {
    heading(step, `Deleting the pool ${pool.poolId} that an earlier demo left behind`);
    await pool.remove(step.signal);
  }
}

async function awaitVms(step: Step, pool: DemoPool): Promise<void> {
  step.say(`  pool ${pool.poolId}`);
  await withProgress(step, (progress) => pool.ready(step.options.vms, progress, step.signal));
}

async function runJobs(
  step: Step,
  service: DemoService,
  pool: DemoPool,
  csv: UploadedCsv,
  jobs: DemoJob[],
): Promise<readonly EndedJob[]> {
  heading(step, `Submitting ${poolJobs} jobs to the pool, and one to classic processing`);
  for (let number = 1; number <= poolJobs; number++) {
    const job = { name: `pool ${number}`, input: csv.input, poolId: pool.poolId };
    jobs.push(await submitJob(step.api, service, job));
  }
  jobs.push(await submitJob(step.api, service, { name: 'classic', input: csv.input }));
  const rows = Math.max(1, csv.lines - 1);
  return withProgress(step, (progress) =>
    awaitJobs(step.api, service, jobs, { rows, progress, signal: step.signal }),
  );
}

async function showResults(step: Step, jobs: readonly EndedJob[]): Promise<void> {
  checkFinished(jobs);
  const first = jobs[0]?.status;
  if (first === undefined) return;
  heading(step, 'The first scored rows');
  step.say(scoredRows(await readBeginning(first, step.signal)));
  if (step.options.output !== undefined) {
    await saveResult(first, step.options.output, step.signal);
    step.say(`  The whole file is saved as ${step.options.output}.`);
  }
  heading(step, 'How long each job waited and ran');
  step.say(jobTimes(jobs));
}

async function emptyPool(step: Step, pool: DemoPool): Promise<PoolUsage> {
  heading(step, 'All done: resizing the pool to 0, then deleting it');
  await pool.empty(step.signal);
  const live = await pool.usage();
  step.say(`  VM time of the pool, live: ${live.computeMs.toLocaleString('en')} ms`);
  return live;
}

async function settle(step: Step, account: DemoAccount, pool: DemoPool, live: PoolUsage): Promise<void> {
  await pool.remove(step.signal);
  const computeMs = settledMs(live, await pool.usage());
  const path = `${planPath}/bill?api-version=2016-05-01-preview`;
  const bill = await step.api.ask({ method: 'GET', path, key: account.key }, billShape);
  heading(step, 'The bill');
  step.say(billReport(bill, { poolId: pool.poolId, computeMs }));
}

/** With a client of its own: the run's signal may have fired. What goes wrong here must not hide why we are here. */
async function cleanUp(
  step: Step,
  account: DemoAccount,
  service: DemoService,
  pool: DemoPool,
  jobs: readonly DemoJob[],
): Promise<void> {
  step.say(`\nCancelling the jobs and deleting the pool ${pool.poolId} (Ctrl-C again: at once) ...`);
  const signal = AbortSignal.timeout(cleanUpMs);
  const api = createApi(step.url, signal);
  try {
    for (const job of jobs) await cancelJob(api, service, job);
    const pools = await leftOverPools(api, account);
    await pools.find(({ poolId }) => poolId === pool.poolId)?.remove(signal);
  } catch (error) {
    step.say(`  That did not work: ${error instanceof Error ? error.message : String(error)}`);
  }
}
