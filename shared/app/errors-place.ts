/** Where a job's error file goes: beside its first output, or into a container of ours where that cannot be opened. */
import { besideOutput, clashOfErrors } from '../core/errors-place.ts';
import { resultName } from '../core/own-blob-name.ts';
import type { JobRequest } from '../core/job-request.ts';
import type { Refused } from '../core/refusal.ts';
import type { Service } from '../core/service.ts';
import type { App, BlobPlace } from './ports.ts';

export async function errorsPlace(
  app: App,
  service: Service,
  jobId: string,
  { inputs, outputs }: Pick<JobRequest, 'inputs' | 'outputs'>,
): Promise<{ readonly kind: 'place'; readonly place: BlobPlace } | Refused> {
  const [first = 'output1'] = service.outputs;
  const output = outputs[first];
  const beside = output === undefined ? undefined : besideOutput(output);
  if (beside === undefined) {
    const name = resultName(jobId, `${first}.errors`);
    return { kind: 'place', place: await app.blobs.place('millpond-results', name) };
  }
  return clashOfErrors(beside, inputs, outputs) ?? { kind: 'place', place: beside };
}
