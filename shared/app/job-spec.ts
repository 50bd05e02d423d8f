/** What a job was asked to do, with everything it needs of its callers' storage: sealed in one row, gone when it is final. */
import { limits } from '../core/limits.ts';
import { tooLarge, type Refused } from '../core/refusal.ts';
import type { Scalar } from '../core/job-request.ts';
import type { ModelPin } from '../core/service.ts';
import type { JobId, SubscriptionId } from '../core/ids.ts';
import type { App, BlobPlace, SpecRow } from './ports.ts';

export type JobSpec = {
  /** Pinned at registration: a model that is replaced later changes later jobs only. */
  readonly model: ModelPin;
  readonly inputs: Readonly<Record<string, BlobPlace>>;
  readonly outputs: Readonly<Record<string, BlobPlace>>;
  readonly parameters: Readonly<Record<string, Scalar>>;
};

export function sealSpec(app: App, subscriptionId: SubscriptionId, jobId: JobId, spec: JobSpec): SpecRow {
  const sealed = app.secrets.seal(JSON.stringify(spec), jobContext(subscriptionId, jobId));
  return { jobId, sealed: new TextEncoder().encode(sealed) };
}

/** More than a row can hold, once it is sealed. */
export function specTooLarge(spec: JobSpec): Refused | undefined {
  const bytes = new TextEncoder().encode(JSON.stringify(spec)).byteLength;
  if (bytes <= limits.specBytesMax) return undefined;
  const [has, most] = [bytes, limits.specBytesMax].map((n) => n.toLocaleString('en'));
  return tooLarge(
    'RequestBodyTooLarge',
    `The job's references and GlobalParameters have ${has} bytes together; at most ${most} are kept, so put large values into an input file.`,
  );
}

export function openSpec(app: App, subscriptionId: SubscriptionId, row: SpecRow): JobSpec {
  const text = app.secrets.open(new TextDecoder().decode(row.sealed), jobContext(subscriptionId, row.jobId));
  return JSON.parse(text) as JobSpec;
}

/** What a job's secrets are bound to: they open for no other account and no other job. */
export function jobContext(subscriptionId: SubscriptionId, jobId: JobId): string {
  return `job|${subscriptionId}|${jobId}`;
}
