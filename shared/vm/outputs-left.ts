/** Which outputs of a job are still to be written, and what stands there: the others bear its mark already. */
import type { JobId } from '../core/ids.ts';
import type { OutputHandle, Tally } from '../core/vm-protocol.ts';
import type { Patience } from './blob-patience.ts';
import { lookAtOutput, type OutputLook } from './output-look.ts';

export type NotedOutput = {
  readonly handle: OutputHandle;
  readonly noted: Exclude<OutputLook, { kind: 'ours' }>;
};

export type OutputsLeft = {
  readonly left: readonly NotedOutput[];
  /** Of a result of this job that is there; undefined when there is none. */
  readonly tally: Tally | undefined;
};

/** In the order of `handles`. @throws JobFault as `lookAtOutput`; the signal's reason when it has fired */
export async function lookForOutputsLeft(
  handles: readonly OutputHandle[],
  jobId: JobId,
  patience: Patience,
  signal: AbortSignal,
): Promise<OutputsLeft> {
  const looks = await Promise.all(handles.map((handle) => lookAtOutput(handle, jobId, patience, signal)));
  const left: NotedOutput[] = [];
  let tally: Tally | undefined;
  for (const [index, handle] of handles.entries()) {
    const noted = looks[index];
    if (noted?.kind === 'ours') tally = noted.tally;
    else if (noted !== undefined) left.push({ handle, noted });
  }
  return { left, tally };
}
