/**
 * The wrapper around every HTTP function. It always answers, within a deadline, with an envelope for every fault, and
 * touches a body only when key and length have been found good (functions-host.md, section 2).
 */
import type { HttpHandler, HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { StoreFault, type App } from '../app/ports.ts';
import { RowTooLarge } from '../app/row-too-large.ts';
import { SealFault } from '../app/seal-fault.ts';
import { secretsLost } from '../core/job-secrets.ts';
import { limits } from '../core/limits.ts';
import { notFound, tooLarge, unavailable, type Refused } from '../core/refusal.ts';
import type { Action } from './action.ts';
import { callOf, type Call } from './call.ts';
import { envelope, internalError, type RetryAdvice } from './envelope.ts';
import { readJson } from './read-json.ts';
import { redact } from './redact.ts';
import type { Outcome } from './reply.ts';
import { toResponse } from './to-response.ts';
import { untilDeadline, withinDeadline } from './within-deadline.ts';

export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;
export type Method = (typeof methods)[number];

export type Definition<Who> = {
  /** No slash at its beginning; parameters are `{name}`, at the end also `{*rest}`. */
  readonly route: string;
  /** Whose key opens it. */
  readonly authorize: (
    app: App,
    call: Call,
  ) => Promise<{ readonly kind: 'known'; readonly who: Who } | Refused>;
  readonly on: Readonly<Partial<Record<Method, Action<Who>>>>;
  /** Default `advised`. */
  readonly retryAdvice?: RetryAdvice;
};

export type AnswerOptions = {
  /** Throws `SettingsError` with a sentence when a setting is missing or malformed. */
  readonly loadApp: () => Promise<App>;
  /** Default `limits.requestMsMax`. */
  readonly requestMsMax?: number;
};

export function makeAnswer<Who>(definition: Definition<Who>, options: AnswerOptions): HttpHandler {
  const requestMsMax = options.requestMsMax ?? limits.requestMsMax;
  return async (request, context) => {
    let isOver = false;
    const work = perform(definition, options.loadApp, request, context, () => isOver).catch(
      (error: unknown) => outcomeOf(error, definition, request, context),
    );
    const outcome = await withinDeadline<Outcome>(work, requestMsMax, () => {
      isOver = true;
      return late(requestMsMax);
    });
    try {
      return respond(outcome, definition, request, context);
    } catch (error) {
      return respond(outcomeOf(error, definition, request, context), definition, request, context);
    }
  };
}

async function perform<Who>(
  definition: Definition<Who>,
  loadApp: () => Promise<App>,
  request: HttpRequest,
  context: InvocationContext,
  isOver: () => boolean,
): Promise<Outcome> {
  const app = untilDeadline(await loadApp(), isOver);
  const call = callOf(request, definition.route, context.invocationId);
  const action = (definition.on as Readonly<Record<string, Action<Who>>>)[request.method];
  if (call === undefined || action === undefined) {
    return notFound(
      'RouteNotFound',
      `There is nothing at ${request.method} ${new URL(request.url).pathname}.`,
    );
  }
  const authorized = await definition.authorize(app, call);
  if (authorized.kind === 'refused') return authorized;
  const refusal = action.check?.(call);
  if (refusal !== undefined) return refusal;
  const ask = { app, who: authorized.who, call };
  const admitted = action.admit?.(ask);
  if (admitted?.kind === 'refused') return admitted;
  try {
    if (action.body === undefined) return await action.run(ask, undefined);
    const read = await readJson(request, action.body);
    return read.kind === 'refused' ? read : await action.run(ask, read.body);
  } finally {
    admitted?.leave();
  }
}

function respond<Who>(
  outcome: Outcome,
  definition: Definition<Who>,
  request: HttpRequest,
  context: InvocationContext,
): HttpResponseInit {
  const reply = outcome.kind === 'refused' ? envelope(outcome, definition.retryAdvice) : outcome;
  return toResponse(reply, {
    method: request.method,
    requestId: context.invocationId,
    clientRequestId: request.headers.get('x-ms-client-request-id'),
  });
}

/** Faults: storage that cannot be had and bad settings are 503, everything else is a bug of ours and 500. */
function outcomeOf<Who>(
  error: unknown,
  definition: Definition<Who>,
  request: HttpRequest,
  context: InvocationContext,
): Refused {
  if (error instanceof Error && error.name === 'SettingsError')
    return unavailable('SettingsInvalid', error.message);
  const isSealFault = error instanceof SealFault;
  const isStoreFault = error instanceof StoreFault;
  const fields = {
    event: isStoreFault ? 'storage-fault' : isSealFault ? 'secrets-lost' : 'request-failed',
    requestId: context.invocationId,
    method: request.method,
    route: definition.route,
    error: redact(error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 2_000),
  };
  context.error(JSON.stringify(fields));
  if (isSealFault) return secretsLost();
  if (error instanceof RowTooLarge) {
    const text =
      'What the call asks to keep does not fit into one row: shorten its names, parameters and references.';
    return tooLarge('RequestBodyTooLarge', text);
  }
  return isStoreFault
    ? unavailable('StorageUnavailable', 'The storage did not answer in time. Try again in a few seconds.')
    : internalError(context.invocationId);
}

function late(requestMsMax: number): Refused {
  const seconds = Math.round(requestMsMax / 1_000);
  const text = `The request was not done within ${seconds} s and begins nothing more; look at what is there, then repeat it.`;
  return unavailable('RequestTimedOut', text);
}
