/** Register a job: everything in the request is checked, sealed and written in one transaction. */
import { conflict, notFound, shown, type Refused } from '../core/refusal.ts';
import { classicPoolId, makeJobId, tagOf } from '../core/ids.ts';
import type { Registered } from '../core/job.ts';
import { understandJob, type JobBody } from '../core/job-request.ts';
import type { Service } from '../core/service.ts';
import { sealSpec } from './job-spec.ts';
import { ensureClassicPool, poolById } from './pool-of-tag.ts';
import type { App, BlobPlace } from './ports.ts';

export async function registerJob(
  app: App,
  service: Service,
  body: JobBody,
): Promise<{ kind: 'registered'; jobId: string } | Refused> {
  if (service.state.kind === 'failed') {
    return conflict(
      'WebServiceNotSucceeded',
      `The web service "${service.name}" is in state Failed: ${service.state.reason}`,
    );
  }
  const request = understandJob(service, body, app.config);
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
  const unnamed = service.outputs.filter((name) => request.outputs[name] === undefined);
  const outputs = { ...(await ownOutputs(app, jobId, unnamed)), ...request.outputs };
  const spec = {
    model: service.state.model,
    inputs: request.inputs,
    outputs,
    parameters: request.parameters,
  };
  const done = await app.store.commit([
    { do: 'create', kind: 'job', row: job },
    { do: 'create', kind: 'spec', row: sealSpec(app, subscriptionId, jobId, spec) },
  ]);
  if (done.kind === 'conflict') throw new Error(`the new job id ${jobId} exists already`);
  return { kind: 'registered', jobId };
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
  const stored = poolId === classicPoolId ? undefined : await poolById(app, poolId);
  if (stored === undefined || stored.row.subscriptionId !== service.subscriptionId) {
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

/** Results that no override names go to a place of the service's own under a generated name. */
async function ownOutputs(
  app: App,
  jobId: string,
  names: readonly string[],
): Promise<Record<string, BlobPlace>> {
  const places = names.map(
    async (name) => [name, await app.blobs.place('millpond-results', `${jobId}/${name}.csv`)] as const,
  );
  return Object.fromEntries(await Promise.all(places));
}
