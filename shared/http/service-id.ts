/** The web service's id in a URL: 32 hex digits, in any case. */
import { isId } from '../core/ids.ts';
import { badArgument, type Refused } from '../core/refusal.ts';
import { param, type Call } from './call.ts';
import { shownSafely } from './redact.ts';

export function serviceIdOf(call: Call): string {
  return param(call, 'serviceId').toLowerCase();
}

export function serviceIdCheck(call: Call): Refused | undefined {
  if (isId(serviceIdOf(call))) return undefined;
  const given = shownSafely(param(call, 'serviceId'), 60);
  const text = `The web service id in the URL is "${given}": it must be 32 hex digits, as in the service's swaggerLocation.`;
  return badArgument('WebServiceIdInvalid', text);
}
