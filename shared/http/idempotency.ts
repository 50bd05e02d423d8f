/** The Idempotency-Key header, and how a reply says that it is the first one again (api.md, first lines). */
import { badArgument, type Refused } from '../core/refusal.ts';
import type { Call } from './call.ts';

const lengthMax = 255;

export type KeyWish = { readonly kind: 'key'; readonly key: string | undefined };

/** No header: no key. */
export function idempotencyKeyOf(call: Call): KeyWish | Refused {
  const key = call.header('idempotency-key');
  if (key === undefined) return { kind: 'key', key };
  if (key === '') return badKey('is empty');
  if (key.length > lengthMax) return badKey(`has ${key.length} characters`);
  if (/[\u0000-\u001f\u007f-\u009f]/.test(key)) return badKey('holds control characters');
  return { kind: 'key', key };
}

export function replayHeaders(outcome: 'created' | 'replayed'): Record<string, string> {
  return outcome === 'replayed' ? { 'idempotency-replayed': 'true' } : {};
}

function badKey(what: string): Refused {
  return badArgument(
    'InvalidIdempotencyKey',
    `The header Idempotency-Key ${what}: give 1 to ${lengthMax} characters that can be read, such as a UUID, or leave it out.`,
  );
}
