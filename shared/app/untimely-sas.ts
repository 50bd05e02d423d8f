/** A SAS that opens nothing at the time when a job is started: said before anybody is asked, with its own instant. */
import { badArgument, shown, type Refused } from '../core/refusal.ts';
import { judgeSas, sasMarginMs, type SasState } from '../core/sas-time.ts';
import type { JobSpec } from './job-spec.ts';
import type { BlobPlace } from './ports.ts';

/** The first of a job's inputs and outputs whose SAS has expired or is not good yet; undefined when all are good. */
export function untimelySas({ inputs, outputs }: JobSpec, nowMs: number): Refused | undefined {
  for (const [what, places] of [['input', inputs] as const, ['output', outputs] as const]) {
    for (const [name, place] of Object.entries(places)) {
      const said = place.access.kind === 'sas' ? words(judgeSas(place.access.token, nowMs, sasMarginMs)) : '';
      if (said !== '')
        return badArgument('InvalidBlob', `The SAS of ${what} "${name}" (${where(place)}) ${said}`);
    }
  }
  return undefined;
}

function words(state: SasState): string {
  switch (state.kind) {
    case 'good':
      return '';
    case 'expired':
      return `expired at ${state.at}. Register the job again with one whose expiry (se) lies behind the end of the job.`;
    case 'early':
      return `is good only from ${state.at} on. Register the job again with one that is good at once (without st).`;
  }
}

function where({ endpoint, container, name }: BlobPlace): string {
  return `${shown(`${container}/${name}`, 200)} in ${endpoint}`;
}
