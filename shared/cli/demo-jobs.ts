/** The demo's batch jobs over the BES contract: register, start, poll. */
import { z } from 'zod';
import type { Api } from './api-client.ts';
import { jobStatusShape, type BlobRef, type JobStatus } from './api-shapes.ts';
import { CliError } from './cli-error.ts';
import type { Progress, Track } from './demo-progress.ts';
import type { DemoService } from './demo-setup.ts';
import { waitUntil } from './wait-until.ts';

const version = 'api-version=2.0';
const everyMs = 250;
const quietMsMax = 300_000;

export type DemoJob = { readonly name: string; readonly path: string };
export type EndedJob = { readonly name: string; readonly status: JobStatus };

/** Registers and starts a job; without a pool it goes to classic processing. */
export async function submitJob(
  api: Api,
  service: DemoService,
  job: { readonly name: string; readonly input: BlobRef; readonly poolId?: string },
): Promise<DemoJob> {
  const { key } = service;
  const jobs = `${service.path}/jobs`;
  const body = {
    Input: { ConnectionString: null, ...job.input },
    Outputs: null,
    GlobalParameters: null,
    AzureBatchPoolId: job.poolId ?? null,
  };
  const jobId = await api.ask({ method: 'POST', path: `${jobs}?${version}`, key, body }, z.string());
  await api.call({ method: 'POST', path: `${jobs}/${jobId}/start?${version}`, key });
  return { name: job.name, path: `${jobs}/${jobId}` };
}

/** Harmless for a job that has ended. */
export async function cancelJob(api: Api, service: DemoService, job: DemoJob): Promise<void> {
  await api.call({ method: 'DELETE', path: `${job.path}?${version}`, key: service.key });
}

/** Polls all jobs until the last one has ended. `rows` is about what each has to score. */
export async function awaitJobs(
  api: Api,
  service: DemoService,
  jobs: readonly DemoJob[],
  watch: { readonly rows: number; readonly progress: Progress; readonly signal: AbortSignal },
): Promise<readonly EndedJob[]> {
  const tracked = jobs.map((job) => ({ job, track: watch.progress.track(job.name, watch.rows) }));
  const look = () => Promise.all(tracked.map(({ job }) => lookAt(api, service, job)));
  const ended = await waitUntil(
    look,
    (statuses) => {
      statuses.forEach((status, index) => tracked[index] && show(tracked[index].track, status, watch.rows));
      return statuses.every(({ StatusCode }) => StatusCode !== 'NotStarted' && StatusCode !== 'Running');
    },
    { everyMs, quietMsMax, what: 'the jobs', signal: watch.signal },
  );
  return ended.map((status, index) => ({ name: jobs[index]?.name ?? '', status }));
}

function lookAt(api: Api, service: DemoService, job: DemoJob): Promise<JobStatus> {
  return api.ask({ method: 'GET', path: `${job.path}?${version}`, key: service.key }, jobStatusShape);
}

function show(track: Track, status: JobStatus, rows: number): void {
  switch (status.StatusCode) {
    case 'NotStarted':
      return track.update(0, `waiting${status.Reason ? `: ${status.Reason}` : ''}`);
    case 'Running':
      return track.update(Math.min(rows, status.RowsDone ?? 0), 'running');
    case 'Finished':
      return track.update(rows, `finished, ${(status.RowsDone ?? rows).toLocaleString('en')} rows`);
    case 'Failed':
    case 'Cancelled':
      return track.update(0, status.StatusCode.toLowerCase());
  }
}

/** @throws CliError with the service's own words when a job has not finished. */
export function checkFinished(jobs: readonly EndedJob[]): void {
  const bad = jobs.find(({ status }) => status.StatusCode !== 'Finished');
  if (bad === undefined) return;
  const details = bad.status.Details ?? bad.status.Reason ?? 'no details';
  throw new CliError(`The job "${bad.name}" is ${bad.status.StatusCode}: ${details}`);
}
