/** Register a job: everything in the request is checked, sealed and written in one transaction. */
import { conflict, notFound, shown, type Refused } from '../core/refusal.ts';
import { classicPoolId, isId, makeJobId, tagOf } from '../core/ids.ts';
import type { Registered } from '../core/job.ts';
import { understandJob, type JobBody } from '../core/job-request.ts';
import type { Service } from '../core/service.ts';
import { keepKey, lookUpKey, type CallerKey } from './caller-keys.ts';
import { defaultOutputs } from './default-outputs.ts';
import { errorsPlace } from './errors-place.ts';
import { sealSpec } from './job-spec.ts';
import { lookAgain } from './look-again.ts';
import { ensureClassicPool, recallPool } from './pool-of-tag.ts';
import type { App, Write } from './ports.ts';

/** `replayed`: the Idempotency-Key names this job already. */
export type RegisteredJob = {
  readonly kind: 'registered';
  readonly jobId: string;
  readonly outcome: 'created' | 'replayed';
};

/** What the job's input is: a table, or the error file of another job, whose rows are scored once more. */
export type Reads = { readonly kind: 'table' } | { readonly kind: 'row-errors'; readonly of: string };

/** @param idempotencyKey counts within the pool and the service */
export function registerJob(
  app: App,
  service: Service,
  body: JobBody,
  idempotencyKey?: string,
  reads: Reads = { kind: 'table' },
): Promise<RegisteredJob | Refused> {
  const key = idempotencyKey === undefined ? undefined : keyOf(service, body, reads, idempotencyKey);
  return lookAgain<RegisteredJob | Refused>(app, async () => {
    if (key === undefined) return register(app, service, body, reads, () => []);
    const known = await lookUpKey(app, key);
    if (known.kind === 'refused') return known;
    if (known.kind === 'used') return { kind: 'registered', jobId: known.row.jobId, outcome: 'replayed' };
    return register(app, service, body, reads, (jobId, createdMs) =>
      keepKey(app, key, known.places, { jobId, createdMs }),
    );
  });
}

/** Undefined for a pool that cannot be: nothing is kept for a refusal. */
function keyOf(service: Service, body: JobBody, reads: Reads, text: string): CallerKey<'jobKey'> | undefined {
  const poolId = body.AzureBatchPoolId ?? classicPoolId;
  const asked = reads.kind === 'table' ? body : { ...body, rerunOf: reads.of };
  return isId(poolId)
    ? { kind: 'jobKey', owner: { poolId }, of: service.serviceId, text, body: asked }
    : undefined;
}

async function register(
  app: App,
  service: Service,
  body: JobBody,
  reads: Reads,
  keyWrites: (jobId: string, createdMs: number) => Write[],
): Promise<RegisteredJob | Refused | 'conflict'> {
  if (service.state.kind === 'failed') {
    return conflict(
      'WebServiceNotSucceeded',
      `The web service "${service.name}" is in state Failed: ${service.state.reason} Put it again with a model that can be used.`,
    );
  }
  const request = understandJob(service, body, app.config, app.clock.now());
  if (request.kind === 'refused') return request;
  const poolId = request.poolId ?? classicPoolId;
  const refusal = await checkPool(app, service, request.poolId);
  if (refusal !== undefined) return refusal;
  const nowMs = app.clock.now();
  const jobId = makeJobId(tagOf(poolId), nowMs, app.random.hex(9));
  const { subscriptionId, serviceId } = service;
  const job: Registered = {
    kind: 'registered',
    jobId,
    subscriptionId,
    serviceId,
    poolId,
    // A lane for each classic endpoint, so that one at its limit holds up nobody.
    lane: poolId === classicPoolId ? serviceId : '0',
    registeredMs: nowMs,
    attempt: 0,
    losses: 0,
  };
  const unnamed = service.outputs.filter((name) => !Object.hasOwn(request.outputs, name));
  const own = await defaultOutputs(app, service, jobId, unnamed);
  if (own.kind === 'refused') return own;
  const outputs = { ...own.places, ...request.outputs };
  const errors = await errorsPlace(app, service, jobId, { inputs: request.inputs, outputs });
  if (errors.kind === 'refused') return errors;
  const { inputs, parameters, rowErrors } = request;
  const { model } = service.state;
  const spec = { model, inputs, reads: reads.kind, outputs, errors: errors.place, parameters, rowErrors };
  const sealed = sealSpec(app, subscriptionId, jobId, spec);
  if (sealed.kind === 'refused') return sealed;
  const done = await app.store.commit([
    { do: 'create', kind: 'job', row: job },
    { do: 'create', kind: 'spec', row: sealed.row },
    ...keyWrites(jobId, nowMs),
  ]);
  return done.kind === 'conflict' ? 'conflict' : { kind: 'registered', jobId, outcome: 'created' };
}

/** Pools take jobs of their own account only; a foreign pool reads like a missing one. */
async function checkPool(
  app: App,
  service: Service,
  poolId: string | undefined,
): Promise<Refused | undefined> {
  if (poolId === undefined) {
    await ensureClassicPool(app);
    return undefined;
  }
  const { subscriptionId } = service;
  const stored = poolId === classicPoolId ? undefined : await recallPool(app, poolId, subscriptionId);
  if (stored === undefined || stored.row.subscriptionId !== subscriptionId) {
    return notFound(
      'PoolNotFound',
      `AzureBatchPoolId names no pool of this account: "${shown(poolId)}". List the pools with GET {poolServiceUrl}/pools, or leave it out for classic processing.`,
    );
  }
  if (stored.row.kind !== 'active') {
    return conflict(
      'PoolDeleting',
      `The pool ${poolId} is ${stored.row.kind} and takes no more jobs; name another.`,
    );
  }
  return undefined;
}
