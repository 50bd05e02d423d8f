/** What is said when sealed secrets open no more: the operator has replaced the master secret without keeping the earlier one. Pure. */
import { conflict, type Refused } from './refusal.ts';

export const sealedElsewhere = 'SealedWithAnotherSecret';

/** @param what begins the sentence. @param remedy ends it */
export function sealedElsewhereText(what: string, remedy: string): string {
  return `${what} was sealed with a master secret that the service no longer has: ${remedy}, or let the operator name the earlier secret in MILLPOND_EARLIER_SECRETS.`;
}

/** 409, whatever it was. */
export function secretsLost(): Refused {
  return conflict(
    sealedElsewhere,
    sealedElsewhereText('What is kept for this call', 'give its keys and references again'),
  );
}
