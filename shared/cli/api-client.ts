/** Calls to Millpond's HTTP API with a deadline, and its errors as sentences. */
import type { z } from 'zod';
import { CliError } from './cli-error.ts';

export type ApiCall = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Begins with a slash, or is a whole URL on the same service. */
  readonly path: string;
  readonly key: string;
  readonly body?: unknown;
  /** Statuses that are returned as undefined instead of thrown. */
  readonly absent?: readonly number[];
};

export type Api = {
  readonly base: string;
  /** @throws ApiError for an answer over 399, CliError when there is no answer. */
  call(call: ApiCall): Promise<unknown>;
  ask<T>(call: ApiCall, schema: z.ZodType<T>): Promise<T>;
};

/** An answer over 399: the service's own words. */
export class ApiError extends CliError {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

const callMs = 60_000;

export function createApi(base: string, signal?: AbortSignal): Api {
  const call = async (asked: ApiCall): Promise<unknown> => {
    const response = await send(base, asked, signal);
    const text = await response.text();
    if (response.ok) return parseJson(text);
    if (asked.absent?.includes(response.status)) return undefined;
    throw refusal(response.status, asked, text);
  };
  return {
    base,
    call,
    async ask(asked, schema) {
      const parsed = schema.safeParse(await call(asked));
      if (parsed.success) return parsed.data;
      const issue = parsed.error.issues[0];
      throw new CliError(
        `${asked.method} ${asked.path} was answered with something else than expected: ${issue?.path.join('.')}: ${issue?.message}`,
      );
    },
  };
}

async function send(base: string, asked: ApiCall, signal: AbortSignal | undefined): Promise<Response> {
  const late = AbortSignal.timeout(callMs);
  try {
    return await fetch(new URL(asked.path, base), {
      method: asked.method,
      headers: { authorization: `Bearer ${asked.key}`, 'content-type': 'application/json' },
      signal: signal === undefined ? late : AbortSignal.any([late, signal]),
      ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    const why = late.aborted ? `no answer within ${callMs / 1_000} s` : reasonOf(cause);
    throw new CliError(`${asked.method} ${asked.path} on ${base}: ${why}.`, { cause });
  }
}

/** fetch says only "fetch failed"; the cause says why. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

type Envelope = {
  error?: { code?: string; message?: string; details?: { code?: string; message?: string }[] };
};

function refusal(status: number, asked: ApiCall, text: string): ApiError {
  const { error } = (parseJson(text) ?? {}) as Envelope;
  const detail = error?.details?.[0];
  const words = [error?.message, detail?.message].filter((part) => part !== undefined && part !== '');
  const message = words.length > 0 ? words.join(' ') : text.slice(0, 300) || 'no body';
  const code = detail?.code ?? error?.code ?? '';
  return new ApiError(status, code, `${asked.method} ${asked.path}: ${status} ${code}: ${message}`);
}
