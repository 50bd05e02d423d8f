/** Errors as every client of the service reads them: `{"error": {code, message, details}}` (bes-contract.md, section 4). */
import type { Refused } from '../core/refusal.ts';
import { redact } from './redact.ts';
import type { Reply } from './reply.ts';

const retryAfterS = 5;

/** `silent`: no Retry-After, for replies to clients that break on it. */
export type RetryAdvice = 'advised' | 'silent';

export function envelope(refused: Refused, advice: RetryAdvice = 'advised'): Reply {
  const details = refused.details.map(({ code, message }) => ({ code, message: redact(message) }));
  const error = { code: refused.code, message: redact(refused.message), details };
  return {
    kind: 'json',
    status: refused.status,
    json: { error },
    headers: headersOf(refused.status, advice),
  };
}

/** 500: a bug of ours. The caller learns nothing but the request's id, under which the log has the rest. */
export function internalError(requestId: string): Refused {
  const text = `Something went wrong on our side; the operator finds it in the log as request ${requestId}.`;
  return {
    kind: 'refused',
    status: 500,
    code: 'InternalError',
    message: 'The request could not be completed.',
    details: [{ code: 'InternalError', message: text }],
  };
}

function headersOf(status: number, advice: RetryAdvice): Record<string, string> {
  if (status === 401) return { 'www-authenticate': 'Bearer' };
  return status === 503 && advice === 'advised' ? { 'retry-after': String(retryAfterS) } : {};
}
