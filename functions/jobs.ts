/** The Batch Execution Service: register, start, status, cancel (bes-contract.md, sections 1 to 3). */
import { cancelByOwner } from '../shared/app/cancel.ts';
import { pacedStatus } from '../shared/app/pace-polls.ts';
import { registerJob, type RegisteredJob } from '../shared/app/register.ts';
import { rerunJob } from '../shared/app/rerun.ts';
import { startJob } from '../shared/app/start.ts';
import { limits } from '../shared/core/limits.ts';
import type { Refused } from '../shared/core/refusal.ts';
import { classicService, service } from '../shared/http/authorize.ts';
import { aboutQuotes, jobIdOf, noJobId } from '../shared/http/job-id.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { idempotencyKeyOf, replayHeaders } from '../shared/http/idempotency.ts';
import { statusJson } from '../shared/http/job-json.ts';
import { registeredReply, statusReply } from '../shared/http/job-replies.ts';
import { registerBody } from '../shared/http/job-schemas.ts';
import { idempotencyHeader } from '../shared/http/query-parameters.ts';
import { besVersion } from '../shared/http/query.ts';
import { registrationCodes, startCodes } from '../shared/http/refusal-codes.ts';
import { empty, json } from '../shared/http/reply.ts';
import { makeTurnstile } from '../shared/http/turnstile.ts';

/** Of this process: each registration holds its body in memory. */
const turnstile = makeTurnstile({ perKeyMax: limits.registersPerKeyMax, allMax: limits.registersMax });

const docs = {
  jobs: {
    POST: {
      summary: 'Registers a job; it does not start by itself.',
      replies: { 200: registeredReply },
      headers: idempotencyHeader,
      refusals: {
        400: registrationCodes,
        404: ['PoolNotFound', 'WorkspaceNotFound'],
        409: ['PoolDeleting', 'SealedWithAnotherSecret', 'WebServiceNotSucceeded'],
        503: ['RequestThrottled'],
      },
    },
  },
  noJob: {
    summary: 'Refused: the URL names no job.',
    replies: {},
    refusals: { 400: ['MissingJobId'] },
  },
  job: {
    GET: {
      summary: 'Reads the status of a job, and its results once it has finished.',
      replies: { 200: statusReply },
      refusals: { 404: ['JobNotFound'] },
    },
    DELETE: {
      summary: 'Cancels a job; one that has ended stays as it is.',
      replies: { 204: 'empty' },
      refusals: { 404: ['JobNotFound'] },
    },
  },
  start: {
    POST: {
      summary: 'Starts a registered job; repeating it does no harm.',
      replies: { 200: 'empty' },
      refusals: {
        400: startCodes,
        404: ['JobNotFound', 'WorkspaceNotFound'],
        409: ['SealedWithAnotherSecret'],
        503: ['StorageUnreachable'],
      },
    },
  },
  rerun: {
    POST: {
      summary: 'Registers and starts a job that scores just the rows in the error file of this one.',
      replies: { 200: registeredReply },
      headers: idempotencyHeader,
      refusals: {
        400: [...new Set([...registrationCodes, ...startCodes, 'CannotRerunJob'])],
        404: ['JobNotFound', 'PoolNotFound', 'WorkspaceNotFound'],
        409: ['PoolDeleting', 'SealedWithAnotherSecret', 'WebServiceNotSucceeded'],
        503: ['RequestThrottled', 'StorageUnreachable'],
      },
    },
  },
} as const;

/** Exactly a JSON string: an object, a newline behind it or another content type each break a client. */
function idJson(registered: RegisteredJob | Refused) {
  if (registered.kind === 'refused') return registered;
  const headers = { 'content-type': 'application/json', ...replayHeaders(registered.outcome) };
  return json(200, registered.jobId, headers);
}

const jobBody = { schema: registerBody, bytesMax: limits.jobBodyBytesMax };

type Names = Readonly<Record<'jobs' | 'job' | 'start' | 'rerun', string>>;

/** Services of both kinds have the same calls, each kind under its own URLs and opened by its own services' keys. */
function besEndpoints(jobs: string, authorize: typeof service, names: Names): void {
  jobEndpoints(jobs, authorize, names);
  startEndpoints(jobs, authorize, names);
}

function jobEndpoints(jobs: string, authorize: typeof service, names: Names): void {
  const { endpoint, doing, reading } = openedBy(authorize);
  const unnamed = doing(async ({ call }) => noJobId(call));
  endpoint(names.jobs, {
    route: jobs,
    docs: { ...docs.jobs, GET: docs.noJob, DELETE: docs.noJob },
    on: {
      POST: {
        admit: ({ who }) => turnstile(who.serviceId),
        ...reading(
          jobBody,
          async ({ app, who, call }, body) => {
            const wish = idempotencyKeyOf(call);
            if (wish.kind === 'refused') return wish;
            return idJson(await registerJob(app, who, body, wish.key));
          },
          besVersion,
        ),
      },
      GET: unnamed,
      DELETE: unnamed,
    },
  });

  endpoint(names.job, {
    route: `${jobs}/{jobId}`,
    docs: docs.job,
    // A client adds a Retry-After of its own to status replies, and .NET throws on two.
    retryAdvice: 'silent',
    on: {
      GET: doing(async ({ app, who, call }) => {
        const status = await pacedStatus(app, who, jobIdOf(call));
        return status.kind === 'refused' ? aboutQuotes(call, status) : json(200, statusJson(status));
      }, besVersion),
      // Arrives with and without an api-version.
      DELETE: doing(async ({ app, who, call }) => {
        const cancelled = await cancelByOwner(app, who, jobIdOf(call));
        return cancelled.kind === 'refused' ? aboutQuotes(call, cancelled) : empty(204);
      }),
    },
  });
}

function startEndpoints(jobs: string, authorize: typeof service, names: Names): void {
  const { endpoint, doing, reading } = openedBy(authorize);
  endpoint(names.start, {
    route: `${jobs}/{jobId}/start`,
    docs: docs.start,
    on: {
      POST: doing(async ({ app, who, call }) => {
        const started = await startJob(app, who, jobIdOf(call));
        return started.kind === 'refused' ? aboutQuotes(call, started) : empty(200);
      }, besVersion),
    },
  });

  endpoint(names.rerun, {
    route: `${jobs}/{jobId}/rerun`,
    docs: docs.rerun,
    on: {
      POST: {
        admit: ({ who }) => turnstile(who.serviceId),
        ...reading(
          jobBody,
          async ({ app, who, call }, body) => {
            const wish = idempotencyKeyOf(call);
            if (wish.kind === 'refused') return wish;
            const rerun = await rerunJob(app, who, jobIdOf(call), body, wish.key);
            return rerun.kind === 'refused' ? aboutQuotes(call, rerun) : idJson(rerun);
          },
          besVersion,
        ),
      },
    },
  });
}

besEndpoints('subscriptions/{subscriptionId}/services/{serviceId}/jobs', service, {
  jobs: 'jobs',
  job: 'job',
  start: 'jobStart',
  rerun: 'jobRerun',
});
besEndpoints('workspaces/{workspaceId}/services/{serviceId}/jobs', classicService, {
  jobs: 'classicJobs',
  job: 'classicJob',
  start: 'classicJobStart',
  rerun: 'classicJobRerun',
});
