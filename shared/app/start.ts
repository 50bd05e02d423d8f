/** Start a registered job: its inputs are looked at and pinned, it queues, and a free VM takes it at once. */
import { cancel, fail, queue, type InputPin, type Registered } from '../core/job.ts';
import { limits } from '../core/limits.ts';
import { badArgument, invalidOperation, unavailable, type Refused } from '../core/refusal.ts';
import type { Service } from '../core/service.ts';
import { findJob } from './cancel.ts';
import { endWrites } from './end-job.ts';
import { readSpec, type JobSpec } from './job-spec.ts';
import { lookAgain } from './look-again.ts';
import { nudge, nudgeDispatch } from './nudge.ts';
import { classicPoolId } from '../core/ids.ts';
import { payerOf } from './payer.ts';
import { recallPool } from './pool-of-tag.ts';
import { untimelySas } from './untimely-sas.ts';
import type { App, BlobPlace, CallerBlobs, Look, Stored } from './ports.ts';

/** `done` for a job that is started now or was before. */
export async function startJob(
  app: App,
  service: Service,
  jobId: string,
): Promise<{ kind: 'done' } | Refused> {
  const started = await lookAgain<Begun | { kind: 'done' } | Refused>(app, async (recallMs) => {
    const found = await findJob(app, service, jobId, recallMs);
    if (found.kind === 'refused') return found;
    const job = found.row;
    switch (job.kind) {
      case 'registered':
        return begin(app, service, { ...found, row: job }, recallMs);
      case 'queued':
      case 'running':
      case 'finished':
        return { kind: 'done' };
      case 'failed':
        return job.startedMs === undefined ? badArgument(job.code, job.reason) : { kind: 'done' };
      case 'cancelled':
        return invalidOperation(
          'CannotStartJob',
          `The job cannot be started: it is cancelled. ${job.reason} Register a new one.`,
        );
    }
  });
  if (started.kind !== 'begun') return started;
  const { poolId } = started.job.row;
  await nudgeDispatch(app, poolId, started.job);
  if (poolId === classicPoolId && (await stillWaits(app, jobId))) await nudge(app, poolId);
  return { kind: 'done' };
}

/** No VM was free, or none of its account: one more may be wanted. A job that this process has given away is known to it. */
async function stillWaits(app: App, jobId: string): Promise<boolean> {
  const job = await app.store.recall('job', { jobId }, limits.recallMs);
  return job?.row.kind === 'queued';
}

/** The job as it has been queued by this very call. */
type Begun = { readonly kind: 'begun'; readonly job: Stored<'job'> };

async function begin(
  app: App,
  service: Service,
  stored: Stored<'job'> & { row: Registered },
  recallMs: number,
): Promise<Begun | Refused | 'conflict'> {
  const job = stored.row;
  const [pool, specRow] = await Promise.all([
    recallPool(app, job.poolId),
    app.store.recall('spec', { jobId: job.jobId }, recallMs),
  ]);
  if (specRow === undefined) return 'conflict';
  if (pool?.row.kind !== 'active') {
    const row = cancel(job, 'Its pool was deleted before it was started.', app.clock.now());
    const refusal = invalidOperation(
      'CannotStartJob',
      'The job cannot be started: its pool was deleted. Register it for another pool.',
    );
    return end(app, stored, row, refusal);
  }
  const spec = readSpec(app, job.subscriptionId, specRow.row);
  if (spec.kind === 'refused') return endRefused(app, stored, spec);
  const pins = await pinInputs(app, spec.spec);
  if (pins.kind === 'refused') {
    return pins.status >= 500 ? pins : endRefused(app, stored, pins);
  }
  const payer = job.poolId === classicPoolId ? await payerOf(app, service) : undefined;
  if (payer?.kind === 'refused') return payer;
  const row = queue(job, pins.pins, app.clock.now(), payer?.planId);
  const { poolId, lane, startedMs, jobId, subscriptionId } = row;
  const done = await app.store.commit([
    { do: 'replace', kind: 'job', row, etag: stored.etag },
    { do: 'create', kind: 'wait', row: { poolId, lane, startedMs, jobId, subscriptionId } },
  ]);
  if (done.kind === 'conflict') return 'conflict';
  return { kind: 'begun', job: { kind: 'job', row, etag: done.etags[0] ?? '' } };
}

function endRefused(
  app: App,
  stored: Stored<'job'> & { row: Registered },
  refusal: Refused,
): Promise<Refused | 'conflict'> {
  const { code, message } = refusal.details[0] ?? refusal;
  return end(app, stored, fail(stored.row, code, message, app.clock.now()), refusal);
}

/** Some clients ignore a refused start and poll: so the job itself ends with the reason too. */
async function end(
  app: App,
  stored: Stored<'job'>,
  row: ReturnType<typeof fail> | ReturnType<typeof cancel>,
  refusal: Refused,
): Promise<Refused | 'conflict'> {
  const done = await app.store.commit(endWrites(stored, row));
  return done.kind === 'done' ? refusal : 'conflict';
}

async function pinInputs(
  app: App,
  spec: JobSpec,
): Promise<{ kind: 'pins'; pins: Record<string, InputPin> } | Refused> {
  const inputs = Object.entries(spec.inputs);
  const outputs = Object.entries(spec.outputs);
  const late = untimelySas(spec, app.clock.now());
  if (late !== undefined) return late;
  const [looks, containers] = await Promise.all([
    Promise.all(inputs.map(([, place]) => app.callerBlobs.look(place))),
    Promise.all(outputs.map(([, place]) => lookForContainer(app, place))),
  ]);
  const pins: Record<string, InputPin> = {};
  for (const [index, [name, place]] of inputs.entries()) {
    const look = looks[index];
    if (look?.kind !== 'found') return describe(`input "${name}"`, place, look);
    pins[name] = { etag: look.etag, bytes: look.bytes };
  }
  for (const [index, [name, place]] of outputs.entries()) {
    const look = containers[index];
    if (look !== 'found') return describe(`output "${name}"`, place, look);
  }
  return { kind: 'pins', pins };
}

/** One that was found a moment ago is not looked for again: a job's end says it too when it has gone since. */
async function lookForContainer(app: App, place: BlobPlace): ReturnType<CallerBlobs['lookForContainer']> {
  const { endpoint, container, access } = place;
  const key = `container|${app.secrets.sha256(JSON.stringify([endpoint, container, access]))}`;
  if (app.memory.isNoted(key)) return 'found';
  const look = await app.callerBlobs.lookForContainer(place);
  if (look === 'found') app.memory.note(key, limits.containerRecallMs);
  return look;
}

function describe(
  what: string,
  place: BlobPlace,
  look: Exclude<Look, { kind: 'found' }> | undefined,
): Refused {
  const where = `${place.container}/${place.name}`;
  switch (look?.kind) {
    case 'missing':
      return look.what === 'blob'
        ? badArgument(
            'BlobNotFound',
            `The blob of ${what} does not exist: ${where} in ${place.endpoint}. Upload it, or correct RelativeLocation, and register the job again.`,
          )
        : badArgument(
            'ContainerValidationFailed',
            `The ${look.what} of ${what} does not exist: ${look.what === 'container' ? `"${place.container}" in ` : ''}${place.endpoint}. Create it and register the job again.`,
          );
    case 'forbidden':
      return badArgument(
        'InvalidBlob',
        `The storage refused access to ${what} (${where}): ${look.reason}. Check the account key or the SAS token and its rights.`,
      );
    case 'unreachable':
    case undefined:
      return unavailable(
        'StorageUnreachable',
        `The storage of ${what} (${place.endpoint}) did not answer: ${look?.reason ?? 'no reply'}. Nothing was changed; start the job again.`,
      );
  }
}
