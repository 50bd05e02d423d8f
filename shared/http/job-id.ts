/** The job's id in a URL: 32 hex digits, in any case. */
import { badArgument, type Refused } from '../core/refusal.ts';
import { param, type Call } from './call.ts';

export function jobIdOf(call: Call): string {
  return param(call, 'jobId').toLowerCase();
}

/** A service's jobs are not listed under its own URL: the id was forgotten. */
export function noJobId({ method }: Call): Refused {
  return badArgument(
    'MissingJobId',
    `The URL names no job: ${method} .../jobs/{jobId}, with the id that the registration (POST .../jobs) answered.`,
  );
}
