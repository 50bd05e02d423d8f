/** Replies of operations: what a success answers, and the error envelope for every other status. */
import type { z } from 'zod';
import { idempotencyHeader } from '../query-parameters.ts';
import type { Declared } from '../operation.ts';
import { parameterCodes, pathNames } from './parameters.ts';
import { refTo } from './schemas.ts';
import { schemeOf } from './security.ts';

type Response = {
  readonly description: string;
  readonly content: object;
  readonly 'x-detail-codes': readonly string[];
};

/** Refusals that read alike wherever they occur. */
const shared: Readonly<Record<number, { readonly name: string; readonly codes: readonly string[] }>> = {
  401: { name: 'Unauthorized', codes: ['ScoreRequestUnauthorized'] },
  408: { name: 'TooSlow', codes: ['RequestBodyTooSlow'] },
  413: { name: 'TooLarge', codes: ['RequestBodyTooLarge'] },
  500: { name: 'InternalError', codes: ['InternalError'] },
  503: { name: 'Unavailable', codes: ['RequestTimedOut', 'SettingsInvalid', 'StorageUnavailable'] },
};

const meanings: Readonly<Record<number, string>> = {
  400: 'The request, or what it names, is at fault.',
  401: 'The key is missing or opens nothing here; a foreign id reads like a missing one.',
  404: 'There is no such thing.',
  408: 'The request body did not arrive in time.',
  409: 'It conflicts with what is there.',
  413: 'The request body is too large.',
  500: 'A fault of the service; its log has more under the id in x-ms-request-id.',
  503: 'A passing trouble; nothing, or not everything, was done. Repeat the call.',
};

/** By status: the detail codes that a refusal may carry. */
export function refusalsOf(one: Declared): Map<number, readonly string[]> {
  const { refusals = {}, headers } = one.operation;
  const body = one.body === undefined ? [] : ['BadParameterValue', 'RequestBodyInvalid', 'RequestIsEmpty'];
  const codes: Record<number, readonly string[]> = {
    400: [...body, ...parameterCodes(one), ...(refusals[400] ?? [])],
    401: schemeOf(one.authorize) === 'open' ? [] : (shared[401]?.codes ?? []),
    404: pathNames(one).length === 0 ? [] : ['RouteNotFound', ...(refusals[404] ?? [])],
    408: one.body === undefined ? [] : (shared[408]?.codes ?? []),
    409: [...(headers === idempotencyHeader ? ['IdempotencyKeyReuse'] : []), ...(refusals[409] ?? [])],
    413: one.body === undefined ? [] : (shared[413]?.codes ?? []),
    500: shared[500]?.codes ?? [],
    503: [...(shared[503]?.codes ?? []), ...(refusals[503] ?? [])],
  };
  const known = Object.entries(codes).map(
    ([status, list]) => [Number(status), [...new Set(list)].toSorted()] as const,
  );
  return new Map(known.filter(([, list]) => list.length > 0));
}

export function responsesOf(one: Declared): object {
  const { replies, refusals = {} } = one.operation;
  const good = Object.entries(replies).map(([status, schema]) => [status, goodResponse(schema)] as const);
  const bad = [...refusalsOf(one)].map(([status, codes]) => {
    const reply = replies[status];
    if (reply !== undefined && reply !== 'empty') return [status, eitherResponse(reply, codes)] as const;
    const common = shared[status];
    const isCommon = common !== undefined && (status !== 503 || refusals[503] === undefined);
    return [
      status,
      isCommon ? { $ref: `#/components/responses/${common.name}` } : badResponse(status, codes),
    ] as const;
  });
  return Object.fromEntries([...good, ...bad]);
}

export function sharedResponses(): Record<string, Response> {
  return Object.fromEntries(
    Object.entries(shared).map(([status, { name, codes }]) => [name, badResponse(Number(status), codes)]),
  );
}

const envelope = { $ref: '#/components/schemas/Error' };

/** The envelope as schema. @param codes all detail codes that there are */
export function errorSchema(codes: readonly string[]): object {
  const text = { type: 'string', description: 'A sentence.' };
  const detail = {
    type: 'object',
    properties: { code: { type: 'string', enum: codes }, message: text },
    required: ['code', 'message'],
    additionalProperties: false,
  };
  const error = {
    type: 'object',
    properties: {
      code: { type: 'string', description: 'The kind of fault; the details say which.' },
      message: text,
      details: { type: 'array', minItems: 1, items: detail },
    },
    required: ['code', 'message', 'details'],
    additionalProperties: false,
  };
  return {
    description: 'What every refusal answers: place, value and remedy are in the messages.',
    type: 'object',
    properties: { error },
    required: ['error'],
    additionalProperties: false,
  };
}

function goodResponse(schema: z.ZodType | 'empty'): object {
  if (schema === 'empty') return { description: 'Done; the reply has no body.' };
  const description = schema.meta()?.description ?? 'Done.';
  return { description, content: { 'application/json': { schema: refTo(schema) } } };
}

function badResponse(status: number, codes: readonly string[]): Response {
  return {
    description: `${meanings[status]} Detail codes: ${codes.join(', ')}.`,
    content: { 'application/json': { schema: envelope } },
    'x-detail-codes': codes,
  };
}

/** A status that carries a reply of its own or the envelope. */
function eitherResponse(reply: z.ZodType, codes: readonly string[]): object {
  const schema = { anyOf: [refTo(reply), envelope] };
  return { ...badResponse(503, codes), content: { 'application/json': { schema } } };
}
