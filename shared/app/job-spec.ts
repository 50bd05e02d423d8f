/** What a job was asked to do, with everything it needs of its callers' storage: sealed in one row, gone when it is final. */
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

export function openSpec(app: App, subscriptionId: SubscriptionId, row: SpecRow): JobSpec {
  const text = app.secrets.open(new TextDecoder().decode(row.sealed), jobContext(subscriptionId, row.jobId));
  return JSON.parse(text) as JobSpec;
}

/** What a job's secrets are bound to: they open for no other account and no other job. */
export function jobContext(subscriptionId: SubscriptionId, jobId: JobId): string {
  return `job|${subscriptionId}|${jobId}`;
}
