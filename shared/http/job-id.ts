/** The job's id in a URL: 32 hex digits, in any case. */
import { badArgument, notFound, type Refused } from '../core/refusal.ts';
import { param, type Call } from './call.ts';

export function jobIdOf(call: Call): string {
  return param(call, 'jobId').toLowerCase();
}

/**
 * A refusal of what was asked of a job. The registration answers a JSON text, and some send it on as it came, quotes and
 * all: then there is no such job, and why is said.
 */
export function aboutQuotes(call: Call, refused: Refused): Refused {
  const [first] = refused.details;
  if (first?.code !== 'JobNotFound' || !/^".*"$/.test(param(call, 'jobId'))) return refused;
  return notFound(first.code, `${first.message} Send the id without the quotes.`);
}

/** A service's jobs are not listed under its own URL: the id was forgotten. */
export function noJobId({ method }: Call): Refused {
  return badArgument(
    'MissingJobId',
    `The URL names no job: ${method} .../jobs/{jobId}, with the id that the registration (POST .../jobs) answered.`,
  );
}
