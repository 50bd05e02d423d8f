/** Scores once more just the rows of a job that could not be scored: a new job whose input is the error file of the old. */
import { isAbsentRef } from '../core/blob-ref.ts';
import { isFinal, type Job, type RowErrors } from '../core/job.ts';
import type { JobBody } from '../core/job-request.ts';
import { badArgument, invalidOperation, type Refused } from '../core/refusal.ts';
import { judgeSas } from '../core/sas-time.ts';
import type { Service } from '../core/service.ts';
import { findJob } from './cancel.ts';
import { openToken } from './open-token.ts';
import type { App } from './ports.ts';
import { registerJob, type RegisteredJob } from './register.ts';
import { startJob } from './start.ts';

/**
 * Registers and starts. References are new ones, since the job's own secrets are gone: `Input` names its error file, or a
 * corrected copy of it; left out, the file is read where it lies while its SAS is good.
 * @param idempotencyKey as of a registration
 */
export async function rerunJob(
  app: App,
  service: Service,
  jobId: string,
  body: JobBody,
  idempotencyKey?: string,
): Promise<RegisteredJob | Refused> {
  const found = await findJob(app, service, jobId);
  if (found.kind === 'refused') return found;
  const job = found.row;
  if (!isFinal(job)) {
    return invalidOperation(
      'CannotRerunJob',
      'The job has not ended yet, and its rows at fault are known at its end: poll its status, and send the rerun then.',
    );
  }
  const errors = job.kind === 'cancelled' ? undefined : job.errors;
  if (errors === undefined) {
    const why = job.kind === 'cancelled' ? 'it was cancelled' : 'none was found to be at fault';
    const text = `The job has no rows to score once more: ${why}. Register a new job.`;
    return invalidOperation('CannotRerunJob', text);
  }
  const isGiven = !isAbsentRef(body.Input) || Object.keys(body.Inputs ?? {}).length > 0;
  const input = isGiven ? { kind: 'given' as const } : ownInput(app, job, errors);
  if (input.kind === 'refused') return input;
  const whole = input.kind === 'own' ? { ...body, Input: input.ref } : body;
  const reads = { kind: 'row-errors', of: jobId } as const;
  const registered = await registerJob(app, service, whole, idempotencyKey, reads);
  if (registered.kind === 'refused') return registered;
  const started = await startJob(app, service, registered.jobId);
  return started.kind === 'refused' ? started : registered;
}

type OwnInput = { readonly kind: 'own'; readonly ref: NonNullable<JobBody['Input']> } | Refused;

function ownInput(app: App, job: Pick<Job, 'subscriptionId' | 'jobId'>, { file }: RowErrors): OwnInput {
  const token = openToken(app, job, file);
  if (token === undefined || judgeSas(token, app.clock.now()).kind !== 'good') {
    return badArgument(
      'BatchJobInputsNotSpecified',
      `The SAS of the job's error file opens it no more: name the file (${file.relativeLocation}) in Input.`,
    );
  }
  const { baseLocation, relativeLocation } = file;
  const ref = { BaseLocation: baseLocation, RelativeLocation: relativeLocation, SasBlobToken: token };
  return { kind: 'own', ref };
}
