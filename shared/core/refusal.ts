/** What a caller is told when something cannot be done: the error envelope of the BES contract (section 4) as a value. */

/** A refusal is an expected outcome, returned and never thrown. Messages are whole sentences: place, value, remedy. */
export type Refused = {
  readonly kind: 'refused';
  /** HTTP status, 4xx or 503. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Never empty. */
  readonly details: readonly { readonly code: string; readonly message: string }[];
};

function refused(status: number, code: string, message: string, detail: string, text: string): Refused {
  return { kind: 'refused', status, code, message, details: [{ code: detail, message: text }] };
}

/** 400 BadArgument: the request is at fault. */
export function badArgument(detail: string, text: string): Refused {
  return refused(400, 'BadArgument', 'Invalid argument provided.', detail, text);
}

/** 400 InvalidOperation: the thing is not in a state for it. */
export function invalidOperation(detail: string, text: string): Refused {
  return refused(400, 'InvalidOperation', 'The operation is not possible.', detail, text);
}

/** 401. One text for every reason, so that nothing can be learnt from it. */
export function unauthorized(): Refused {
  return refused(
    401,
    'Unauthorized',
    'Unauthorized.',
    'ScoreRequestUnauthorized',
    'Invalid credentials provided.',
  );
}

/** 404. A foreign id reads exactly like a missing one. */
export function notFound(detail: string, text: string): Refused {
  return refused(404, 'NotFound', 'The requested resource was not found.', detail, text);
}

/** 409. */
export function conflict(detail: string, text: string): Refused {
  return refused(409, 'Conflict', 'The request conflicts with what is there.', detail, text);
}

/** 408: the request did not arrive in time. */
export function tooSlow(detail: string, text: string): Refused {
  return refused(408, 'RequestTimeout', 'The request did not arrive in time.', detail, text);
}

/** 413. */
export function tooLarge(detail: string, text: string): Refused {
  return refused(413, 'MemoryQuotaViolation', 'The request is too large.', detail, text);
}

/** 503 with Retry-After: a passing trouble, nothing was done. */
export function unavailable(detail: string, text: string): Refused {
  return refused(503, 'ServiceUnavailable', 'The service is not available right now.', detail, text);
}

/** What may be an account's or a service's key, in the wrong place or cut: all three kinds of characters, and long. */
const keyLike = /(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*\d)[A-Za-z0-9+/]{60,}={0,2}/g;
/** More is never looked at. */
const lookedAtMax = 1_000;

/** A caller's value as a message shows it: one line, cut to length, without anything that looks like a key. */
export function shown(value: unknown, lengthMax = 80): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const line = text
    .slice(0, lookedAtMax)
    .replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
    .replaceAll(keyLike, '***');
  return line.length > lengthMax ? `${line.slice(0, lengthMax)}...` : line;
}
