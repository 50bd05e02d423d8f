/** Parameters of queries and headers, as the OpenAPI document describes what query.ts and others read. */
import { z } from 'zod';
import { limits } from '../core/limits.ts';
import { jobStatuses } from './pool-replies.ts';

export const besVersionQuery = {
  'api-version': z.enum(['2.0']).describe('The version of the Batch Execution Service.'),
};

/** Also taken by the check in query.ts. */
export const armVersions = ['2017-01-01', '2016-05-01-preview'] as const;

export const armVersionQuery = {
  'api-version': z
    .enum(armVersions)
    .describe('The version of the Resource Manager API; none is taken as the newest.')
    .optional(),
};

export const pageQuery = {
  $top: z
    .int()
    .min(1)
    .max(limits.pageMax)
    .describe('So many items at most; default 100 (of plans and their associations 1,000).')
    .optional(),
  $skiptoken: z.string().describe('As nextLink gives it.').optional(),
};

export const poolJobsQuery = {
  status: z.enum(jobStatuses).describe('Only jobs in this state.').optional(),
  ...pageQuery,
};

export const regionQuery = {
  region: z.string().min(1).describe('Any region: there is one.'),
};

const instant = z
  .string()
  .describe('A time in ISO 8601, such as 2026-01-31T12:00:00Z; a date is its first instant.');

export const spanQuery = { from: instant.optional(), to: instant.optional() };

export const deletionQuery = {
  jobs: z
    .enum(['cancel'])
    .describe('Unfinished jobs are cancelled instead of holding up the deletion.')
    .optional(),
};

export const idempotencyHeader = {
  'Idempotency-Key': z
    .string()
    .min(1)
    .max(255)
    .describe(
      'Kept for 24 h: the same key with the same body is answered with what was made the first time, and the header Idempotency-Replayed.',
    )
    .optional(),
};
