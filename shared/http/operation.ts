/**
 * What an endpoint says about each of its methods: with its route and schemas, all that the OpenAPI document is made
 * of.
 */
import type { z } from 'zod';
import type { Method } from './answer.ts';

export type Operation = {
  /** One sentence. */
  readonly summary: string;
  /** What a success answers, by status. Schemas have an `id`, under which the document lists them. */
  readonly replies: Readonly<Record<number, z.ZodType | 'empty'>>;
  readonly query?: Parameters;
  readonly headers?: Parameters;
  /** Detail codes by status, beside those that every call with such a key, body and parameters may answer. */
  readonly refusals?: Refusals;
};

/** By name, each with a description. Optional ones accept `undefined`. */
export type Parameters = Readonly<Record<string, z.ZodType>>;
export type Refusals = Readonly<Partial<Record<400 | 404 | 409 | 503, readonly string[]>>>;

/** One method of one endpoint, as it was registered. */
export type Declared = {
  readonly endpoint: string;
  readonly route: string;
  readonly method: Method;
  readonly operation: Operation;
  /** The functions themselves: the document knows what each asks for. */
  readonly authorize: unknown;
  readonly check: unknown;
  readonly body: z.ZodType | undefined;
};

/** Filled while the functions register, complete before the first request. */
export const declared: Declared[] = [];
