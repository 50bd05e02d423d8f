/** The resource that a Resource Manager URL names: `.../resourceGroups/{group}/providers/.../{name}`. */
import type { NamedThing } from '../app/plans.ts';
import { limits } from '../core/limits.ts';
import { badArgument, type Refused } from '../core/refusal.ts';
import { param, type Call } from './call.ts';
import { armVersion } from './query.ts';
import { shownSafely } from './redact.ts';

export function thingOf(call: Call): NamedThing {
  return { group: param(call, 'group'), name: param(call, 'name') };
}

/** The API's version and the names' form: looked at before a body is read. */
export function armCheck(call: Call): Refused | undefined {
  const { group, name } = thingOf(call);
  return armVersion(call) ?? badName('resource group', group) ?? badName('resource', name);
}

/** `.../webservices/{name}` of a classic workspace: the same rules for version and name. */
export function classicCheck(call: Call): Refused | undefined {
  return armVersion(call) ?? badName('web service', param(call, 'name'));
}

function badName(what: string, text: string): Refused | undefined {
  if (text.length <= limits.nameLengthMax && /^[A-Za-z0-9_][\w().-]*$/.test(text)) return undefined;
  const rule = `1 to ${limits.nameLengthMax} letters, digits, dots, dashes, underscores and parentheses`;
  return badArgument(
    'BadParameterValue',
    `The ${what} in the URL is "${shownSafely(text, 60)}": give ${rule}.`,
  );
}
