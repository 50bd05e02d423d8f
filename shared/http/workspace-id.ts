/** The workspace's id in a URL: 32 hex digits, in any case. */
import { isId } from '../core/ids.ts';
import { badArgument, type Refused } from '../core/refusal.ts';
import { param, type Call } from './call.ts';
import { shownSafely } from './redact.ts';

export function workspaceIdOf(call: Call): string {
  return param(call, 'workspaceId').toLowerCase();
}

export function workspaceCheck(call: Call): Refused | undefined {
  if (isId(workspaceIdOf(call))) return undefined;
  const text = shownSafely(param(call, 'workspaceId'), 60);
  return badArgument('BadWorkspaceId', `The workspace id in the URL is "${text}": it must be 32 hex digits.`);
}
