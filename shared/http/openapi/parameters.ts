/**
 * Parameters of operations: those of the path from the route, those of the query from what the call checks and reads.
 */
import { z } from 'zod';
import { idempotencyHeader, armVersionQuery, besVersionQuery } from '../query-parameters.ts';
import { armVersion, besVersion } from '../query.ts';
import { armCheck, classicCheck } from '../resource.ts';
import type { Declared, Parameters } from '../operation.ts';
import { workspaceCheck } from '../workspace-id.ts';
import { inlineSchema, type JsonSchema } from './schemas.ts';

type InPath = { readonly description: string; readonly code?: string };

/** With the detail code of one that cannot be any thing's. */
const inPath: Readonly<Record<string, InPath>> = {
  subscriptionId: {
    description: 'The id of the account: 32 hex digits, with or without dashes.',
    code: 'BadSubscriptionId',
  },
  workspaceId: { description: 'The id of the classic workspace: 32 hex digits.', code: 'BadWorkspaceId' },
  serviceId: { description: 'The id of the web service: 32 hex digits.', code: 'WebServiceIdInvalid' },
  jobId: { description: 'The id of the job, as its registration gave it.' },
  poolId: { description: 'The id of the pool.' },
  group: { description: 'The name of the resource group.' },
  name: { description: 'The name of the resource.' },
  endpoint: { description: 'Any name: a web service has one endpoint.' },
  operationId: { description: 'As Azure-AsyncOperation gave it.' },
  association: { description: 'The id of the web service that the plan pays for.' },
};

type Check = { readonly query: Parameters; readonly codes: readonly string[] };

/** What looks at a call before its body is read. */
const checks = new Map<unknown, Check>([
  [undefined, { query: {}, codes: [] }],
  [besVersion, { query: besVersionQuery, codes: ['BadVersionCall'] }],
  [armVersion, { query: armVersionQuery, codes: ['BadVersionCall'] }],
  [armCheck, { query: armVersionQuery, codes: ['BadVersionCall', 'BadParameterValue'] }],
  [classicCheck, { query: armVersionQuery, codes: ['BadVersionCall', 'BadParameterValue'] }],
  [workspaceCheck, { query: {}, codes: [] }],
]);

export function parametersOf(one: Declared): object[] {
  const { query = {}, headers = {} } = one.operation;
  return [
    ...pathNames(one).map((name) => ({ $ref: `#/components/parameters/${name}` })),
    ...listed('query', { ...checkOf(one).query, ...query }),
    ...listed('header', headers),
  ];
}

/** Codes of 400 that the parameters alone can bring about. */
export function parameterCodes(one: Declared): readonly string[] {
  const { query, headers } = one.operation;
  return [
    ...pathNames(one).flatMap((name) => inPath[name]?.code ?? []),
    ...checkOf(one).codes,
    ...(query === undefined ? [] : ['InvalidQueryParameter']),
    ...(headers === idempotencyHeader ? ['InvalidIdempotencyKey'] : []),
  ];
}

export function pathNames({ route }: Declared): string[] {
  return [...route.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
}

/** Of every name that the routes have. */
export function pathParameters(declared: readonly Declared[]): Record<string, object> {
  const names = [...new Set(declared.flatMap(pathNames))].toSorted();
  return Object.fromEntries(
    names.map((name) => {
      const description = inPath[name]?.description;
      if (description === undefined) throw new Error(`the route parameter "${name}" is not described`);
      return [name, { name, in: 'path', required: true, description, schema: { type: 'string' } }];
    }),
  );
}

function checkOf({ check, endpoint }: Declared): Check {
  const found = checks.get(check);
  if (found === undefined) throw new Error(`the check of "${endpoint}" is not described`);
  return found;
}

function listed(place: 'query' | 'header', parameters: Parameters): object[] {
  const { properties = {}, required = [] } = inlineSchema(z.object(parameters));
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = property as JsonSchema;
    return { name, in: place, required: required.includes(name), description, schema };
  });
}
