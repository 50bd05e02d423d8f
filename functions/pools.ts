/** The pool service: make, read, resize and delete pools, and see what is in them (api.md, "Account"). */
import { createPool } from '../shared/app/create-pool.ts';
import {
  deletePool,
  getPool,
  listPoolJobs,
  listPools,
  listPoolVms,
  poolUsage,
  resizePool,
  viewOf,
} from '../shared/app/pools.ts';
import { limits } from '../shared/core/limits.ts';
import { account } from '../shared/http/authorize.ts';
import { usageJson } from '../shared/http/bill-json.ts';
import { param } from '../shared/http/call.ts';
import { openedBy } from '../shared/http/endpoint.ts';
import { idempotencyKeyOf, replayHeaders } from '../shared/http/idempotency.ts';
import { poolJobJson, poolJson, vmsJson } from '../shared/http/pool-json.ts';
import { deletionOf, jobFilterOf } from '../shared/http/pool-query.ts';
import {
  poolJobListReply,
  poolListReply,
  poolReply,
  usageReply,
  vmListReply,
} from '../shared/http/pool-replies.ts';
import { createPoolBody, resizePoolBody } from '../shared/http/pool-schemas.ts';
import { presentBill } from '../shared/http/present-bill.ts';
import {
  deletionQuery,
  idempotencyHeader,
  pageQuery,
  poolJobsQuery,
  spanQuery,
} from '../shared/http/query-parameters.ts';
import { listJson, pageOf, spanOf } from '../shared/http/query.ts';
import { json } from '../shared/http/reply.ts';

const { endpoint, doing, reading } = openedBy(account);
const bytesMax = limits.managementBodyBytesMax;
const pools = 'poolservice/{subscriptionId}/pools';

endpoint('pools', {
  route: pools,
  docs: {
    POST: {
      summary: 'Makes a pool, billed to the plan of the web service whose swagger.json it names.',
      replies: { 201: poolReply },
      headers: idempotencyHeader,
      refusals: {
        400: [
          'BadSwaggerUrl',
          'ClassicServiceNotAllowed',
          'ServiceOfAnotherAccount',
          'WebServiceHasNoPlan',
          'WebServiceNotFound',
          'WebServiceNotSucceeded',
        ],
        404: ['AccountNotFound'],
        409: ['PlanUsedUp', 'PoolCreationAbandoned', 'PoolQuotaExceeded', 'VmQuotaExceeded'],
      },
    },
    GET: { summary: 'Lists the pools of an account.', replies: { 200: poolListReply }, query: pageQuery },
  },
  on: {
    POST: reading({ schema: createPoolBody, bytesMax }, async ({ app, who, call }, wanted) => {
      const wish = idempotencyKeyOf(call);
      if (wish.kind === 'refused') return wish;
      const made = await createPool(app, who, wanted, wish.key);
      if (made.kind === 'refused') return made;
      const { subscriptionId, poolId } = made.pool;
      const location = `${app.config.publicUrl}/poolservice/${subscriptionId}/pools/${poolId}`;
      const headers = { location, ...replayHeaders(made.outcome) };
      return json(201, poolJson(await viewOf(app, made.pool)), headers);
    }),
    GET: doing(async ({ app, who, call }) => {
      const page = pageOf(call);
      if (page.kind === 'refused') return page;
      const found = await listPools(app, who, page);
      return json(200, listJson(found.pools.map(poolJson), call, found.after));
    }),
  },
});

endpoint('pool', {
  route: `${pools}/{poolId}`,
  docs: {
    GET: {
      summary: 'Reads a pool; a deleted one for 30 days.',
      replies: { 200: poolReply },
      refusals: { 404: ['PoolNotFound'] },
    },
    DELETE: {
      summary: 'Deletes a pool, with its unfinished jobs only when asked to.',
      replies: { 202: poolReply },
      query: deletionQuery,
      refusals: { 404: ['PoolNotFound'], 409: ['PoolHasUnfinishedJobs'] },
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const found = await getPool(app, who, param(call, 'poolId'));
      return found.kind === 'refused' ? found : json(200, poolJson(found));
    }),
    DELETE: doing(async ({ app, who, call }) => {
      const jobs = deletionOf(call);
      if (typeof jobs === 'object') return jobs;
      const deleted = await deletePool(app, who, param(call, 'poolId'), jobs);
      return deleted.kind === 'refused' ? deleted : json(202, poolJson(deleted));
    }),
  },
});

endpoint('poolResize', {
  route: `${pools}/{poolId}/resize`,
  docs: {
    POST: {
      summary: 'Asks for another number of VMs; the last wish wins.',
      replies: { 202: poolReply },
      refusals: { 404: ['PoolNotFound'], 409: ['PoolDeleting', 'VmQuotaExceeded'] },
    },
  },
  on: {
    POST: reading({ schema: resizePoolBody, bytesMax }, async ({ app, who, call }, wanted) => {
      const resized = await resizePool(app, who, param(call, 'poolId'), wanted);
      return resized.kind === 'refused' ? resized : json(202, poolJson(resized));
    }),
  },
});

endpoint('poolVms', {
  route: `${pools}/{poolId}/vms`,
  docs: {
    GET: {
      summary: 'Lists the VMs of a pool.',
      replies: { 200: vmListReply },
      refusals: { 404: ['PoolNotFound'] },
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const found = await listPoolVms(app, who, param(call, 'poolId'));
      return found.kind === 'refused' ? found : json(200, { value: vmsJson(found.vms) });
    }),
  },
});

endpoint('poolJobs', {
  route: `${pools}/{poolId}/jobs`,
  docs: {
    GET: {
      summary: 'Lists the jobs of a pool, newest first.',
      replies: { 200: poolJobListReply },
      query: poolJobsQuery,
      refusals: { 404: ['PoolNotFound'] },
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const filter = jobFilterOf(call);
      if (filter.kind === 'refused') return filter;
      const found = await listPoolJobs(app, who, param(call, 'poolId'), filter.options);
      if (found.kind === 'refused') return found;
      const jobs = found.jobs.map((job) => poolJobJson(job, found.vms));
      return json(200, listJson(jobs, call, found.after));
    }),
  },
});

endpoint('poolUsage', {
  route: `${pools}/{poolId}/usage`,
  docs: {
    GET: {
      summary: 'Gives the compute time of a pool, by hour.',
      replies: { 200: usageReply },
      query: spanQuery,
      refusals: { 404: ['PoolNotFound'] },
    },
  },
  on: {
    GET: doing(async ({ app, who, call }) => {
      const span = spanOf(call);
      if (span.kind === 'refused') return span;
      const found = await poolUsage(app, who, param(call, 'poolId'), span);
      if (found.kind === 'refused') return found;
      const present = await presentBill(app, who, found.commitmentPlanId);
      return json(200, usageJson(found.usage, found.commitmentPlanId, present));
    }),
  },
});
