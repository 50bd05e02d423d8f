/** Opens the SAS of a result or an error file, as far as the master secret is still the one that sealed it. */
import type { Job, Result } from '../core/job.ts';
import { jobContext } from './job-spec.ts';
import type { App } from './ports.ts';
import { SealFault } from './seal-fault.ts';

/** Undefined when it has gone, or was sealed with another master secret. */
export function openToken(
  app: App,
  job: Pick<Job, 'subscriptionId' | 'jobId'>,
  { tokenSealed }: Result,
): string | undefined {
  if (tokenSealed === undefined) return undefined;
  try {
    return app.secrets.open(tokenSealed, jobContext(job.subscriptionId, job.jobId));
  } catch (error) {
    if (error instanceof SealFault) return undefined;
    throw error;
  }
}
