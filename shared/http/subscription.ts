/** The subscription id in an operator's URL: with or without dashes, in any case. */
import { parseSubscriptionId, type SubscriptionId } from '../core/ids.ts';
import { badArgument, type Refused } from '../core/refusal.ts';
import { param, type Call } from './call.ts';
import { shownSafely } from './redact.ts';

export function subscriptionOf(
  call: Call,
): { readonly kind: 'subscription'; readonly id: SubscriptionId } | Refused {
  const text = param(call, 'subscriptionId');
  const id = parseSubscriptionId(text);
  if (id !== undefined) return { kind: 'subscription', id };
  const rule = 'it must be 32 hex digits, with or without dashes';
  return badArgument(
    'BadSubscriptionId',
    `The subscription id in the URL is "${shownSafely(text, 60)}": ${rule}.`,
  );
}
