/** What stands where a job is to write: its version, and whether an earlier attempt of this very job has been there. */
import type { JobId } from '../core/ids.ts';
import type { OutputHandle, Tally } from '../core/vm-protocol.ts';
import { askBlob, type Patience } from './blob-patience.ts';
import { notReached, outputOfOtherType, outputRefused } from './blob-refusal.ts';
import { tallyFrom } from './tally.ts';

/** Blob metadata that says which job and attempt wrote a result, and how many rows it has. */
export const mark = {
  job: 'x-ms-meta-millpondjob',
  attempt: 'x-ms-meta-millpondattempt',
  rows: 'x-ms-meta-millpondrows',
  /** What was found in them, where there was something (tally.ts). */
  findings: 'x-ms-meta-millpondfindings',
} as const;

export type OutputLook =
  /** Nothing there: committed with If-None-Match. */
  | { readonly kind: 'absent' }
  /** Someone else's, or an older result: committed with If-Match. */
  | { readonly kind: 'present'; readonly etag: string }
  /** Its SAS does not let us look: committed unconditionally. */
  | { readonly kind: 'unseen' }
  /** An earlier attempt of this job has committed the same result: input, model and parameters are pinned. */
  | { readonly kind: 'ours'; readonly tally: Tally };

/** @throws JobFault when the storage refuses or the blob cannot be a result; the signal's reason when it has fired */
export async function lookAtOutput(
  handle: OutputHandle,
  jobId: JobId,
  patience: Patience,
  signal: AbortSignal,
): Promise<OutputLook> {
  if (!handle.readable) return { kind: 'unseen' };
  const call = { method: 'HEAD', url: handle.url, callMs: patience.callMs } as const;
  const tried = await askBlob(call, patience, signal);
  switch (tried.kind) {
    case 'unheard':
      throw notReached('Output', handle.name, tried.why);
    case 'refused':
      if (tried.status === 404 && tried.code !== 'ContainerNotFound') return { kind: 'absent' };
      // A SAS by a stored policy does not show its rights before it is used.
      if (tried.code === 'AuthorizationPermissionMismatch') return { kind: 'unseen' };
      throw outputRefused(handle.name, tried);
    case 'done': {
      const { headers } = tried.response;
      const type = headers.get('x-ms-blob-type') ?? 'BlockBlob';
      if (type !== 'BlockBlob') throw outputOfOtherType(handle.name, `a blob of type ${type}`);
      if (headers.get(mark.job) === jobId) {
        const rows = Number(headers.get(mark.rows));
        const tally = tallyFrom(Number.isSafeInteger(rows) ? rows : 0, headers.get(mark.findings));
        return { kind: 'ours', tally };
      }
      return { kind: 'present', etag: headers.get('etag') ?? '' };
    }
  }
}
