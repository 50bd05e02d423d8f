/** What an error of the storage clients means: which call can be tried again, and whether a write may have happened. */
import { DeadlineError } from './deadline.ts';
import { TableFault } from './table.ts';

/** What the clients' errors carry, as far as we look. */
type ClientError = {
  readonly name?: string;
  readonly message?: string;
  /** An OData or Blob error code, or one of the system. */
  readonly code?: string;
  readonly statusCode?: number;
  readonly details?: { readonly odataError?: { readonly code?: string }; readonly errorCode?: string };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
};

/** The storage's own code (`EntityAlreadyExists`); undefined when it did not answer. */
export function codeOf(error: unknown): string | undefined {
  const { details, code, statusCode } = asClientError(error);
  return statusCode === undefined
    ? undefined
    : (details?.odataError?.code ?? details?.errorCode ?? code ?? '');
}

export function statusOf(error: unknown): number | undefined {
  return asClientError(error).statusCode;
}

/** Connections that were never made: nothing was sent. */
const unsent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Clocks that differ by more are refused by storage. */
const skewMsMax = 15 * 60_000;

/** @param what `writing 3 rows of millpondpools`; the message of the client is cut, its request is left out */
export function faultOf(error: unknown, what: string): TableFault {
  const client = asClientError(error);
  const text = (client.message ?? String(error)).split('\n')[0]!.slice(0, 300);
  const cause = { cause: error };
  if (error instanceof DeadlineError || client.name === 'AbortError') {
    return new TableFault('timeout', true, `${what}: ${text}`, cause);
  }
  const status = client.statusCode;
  if (status === undefined) {
    return new TableFault('unreachable', !unsent.has(client.code ?? ''), `${what}: ${text}`, cause);
  }
  const code = codeOf(error) ?? '';
  const message = `${what}: ${status} ${code} ${text}`;
  const retryAfterMs = retryAfterOf(client);
  if (
    status === 429 ||
    code === 'ServerBusy' ||
    code === 'TableBeingDeleted' ||
    code === 'ContainerBeingDeleted'
  ) {
    return new TableFault('busy', false, message, { ...cause, retryAfterMs });
  }
  if (status === 408 || code === 'OperationTimedOut') return new TableFault('timeout', true, message, cause);
  if (status === 503) return new TableFault('busy', true, message, { ...cause, retryAfterMs });
  if (status >= 500 || status < 300) return new TableFault('unreachable', true, message, cause);
  return new TableFault('refused', false, message + skewNote(client), cause);
}

function retryAfterOf(error: ClientError): number | undefined {
  const seconds = Number(error.response?.headers?.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}

function skewNote(error: ClientError): string {
  const storageMs = Date.parse(error.response?.headers?.get('date') ?? '');
  const skewMs = Date.now() - storageMs;
  if (error.statusCode !== 403 || !(Math.abs(skewMs) >= skewMsMax)) return '';
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  return ` The clock of this machine is ${minutes} minutes ${skewMs > 0 ? 'ahead of' : 'behind'} storage's, and storage refuses more than 15: set the clock.`;
}

function asClientError(error: unknown): ClientError {
  return typeof error === 'object' && error !== null ? error : {};
}
