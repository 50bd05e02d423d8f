/** Whose key opens a call, as the OpenAPI document says it. */
import { account, anyone, classicService, operator, service, workspace } from '../authorize.ts';

type Scheme = 'operatorKey' | 'accountKey' | 'serviceKey';

const schemes = new Map<unknown, Scheme | 'open'>([
  [operator, 'operatorKey'],
  [account, 'accountKey'],
  [workspace, 'accountKey'],
  [service, 'serviceKey'],
  [classicService, 'serviceKey'],
  [anyone, 'open'],
]);

export function schemeOf(authorize: unknown): Scheme | 'open' {
  const scheme = schemes.get(authorize);
  if (scheme === undefined) throw new Error('an endpoint is opened by a key that the OpenAPI document lacks');
  return scheme;
}

function bearer(description: string): object {
  return { type: 'http', scheme: 'bearer', description };
}

export const securitySchemes: Readonly<Record<Scheme, object>> = {
  operatorKey: bearer('The operator key of this installation.'),
  accountKey: bearer(
    'The primary or secondary key of the account that the URL names, or that its workspace belongs to.',
  ),
  serviceKey: bearer('The primary or secondary key of the web service that the URL names.'),
};

export const tags = [
  { name: 'operatorKey', description: 'Calls of the operator: accounts, their quotas and keys, workspaces.' },
  { name: 'accountKey', description: 'Calls of a customer: pools, plans, web services, uploads.' },
  { name: 'serviceKey', description: 'The Batch Execution Service: jobs of one web service.' },
  { name: 'open', description: 'Calls that need no key.' },
];
