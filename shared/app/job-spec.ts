/** What a job was asked to do, with everything it needs of its callers' storage: sealed in one row, gone when it is final. */
import { limits } from '../core/limits.ts';
import { conflict, tooLarge, type Refused } from '../core/refusal.ts';
import type { Scalar } from '../core/job-request.ts';
import type { RowErrorPolicy } from '../core/row-errors.ts';
import type { ModelPin } from '../core/service.ts';
import type { JobId, SubscriptionId } from '../core/ids.ts';
import { sealedElsewhere, sealedElsewhereText } from '../core/job-secrets.ts';
import type { App, BlobPlace, SpecRow } from './ports.ts';
import { SealFault } from './seal-fault.ts';

export type JobSpec = {
  /** Pinned at registration: a model that is replaced later changes later jobs only. */
  readonly model: ModelPin;
  readonly inputs: Readonly<Record<string, BlobPlace>>;
  /** What the input is: a table, or an error file whose rows are meant. */
  readonly reads: 'table' | 'row-errors';
  readonly outputs: Readonly<Record<string, BlobPlace>>;
  readonly errors: BlobPlace;
  readonly parameters: Readonly<Record<string, Scalar>>;
  readonly rowErrors: RowErrorPolicy;
};

/** A refusal for more than a row can hold once it is sealed. */
export function sealSpec(
  app: App,
  subscriptionId: SubscriptionId,
  jobId: JobId,
  spec: JobSpec,
): { readonly kind: 'sealed'; readonly row: SpecRow } | Refused {
  const text = JSON.stringify(spec);
  const refusal = tooLong(text);
  if (refusal !== undefined) return refusal;
  const sealed = app.secrets.seal(text, jobContext(subscriptionId, jobId));
  return { kind: 'sealed', row: { jobId, sealed: utf8.encode(sealed) } };
}

const utf8 = new TextEncoder();
/** A UTF-16 code unit in UTF-8. */
const bytesPerUnitMax = 3;

function tooLong(text: string): Refused | undefined {
  if (text.length * bytesPerUnitMax <= limits.specBytesMax) return undefined;
  const bytes = utf8.encode(text).byteLength;
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

/** As `openSpec`; a refusal for one that was sealed with another master secret. */
export function readSpec(
  app: App,
  subscriptionId: SubscriptionId,
  row: SpecRow,
): { readonly kind: 'spec'; readonly spec: JobSpec } | Refused {
  try {
    return { kind: 'spec', spec: openSpec(app, subscriptionId, row) };
  } catch (error) {
    if (!(error instanceof SealFault)) throw error;
    return conflict(
      sealedElsewhere,
      sealedElsewhereText('What the job was asked to do', 'register it again'),
    );
  }
}

/** What a job's secrets are bound to: they open for no other account and no other job. */
export function jobContext(subscriptionId: SubscriptionId, jobId: JobId): string {
  return `job|${subscriptionId}|${jobId}`;
}
