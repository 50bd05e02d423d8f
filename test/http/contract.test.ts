/** The contract that every reply of the tests is held to can fail: each thing that it looks at, once. */
import { beforeAll, expect, test } from 'vitest';
import { makeApi, read, type Api } from './api.ts';
import { makeContract, type Answered } from './contract.ts';
import { subscriptionId } from '../app/world.ts';

let check: (answered: Answered) => void;
let pool: Answered;
beforeAll(async () => {
  const api: Api = await makeApi();
  check = makeContract(read(await api.call({ path: '/openapi.json' })));
  const path = `${api.psu}/pools/${await api.makePool(0)}`;
  const { status, headers, text } = await api.asAccount({ path });
  pool = { method: 'GET', path, status, headers, text };
});

const changed = (more: object) => ({ ...pool, text: JSON.stringify({ ...JSON.parse(pool.text), ...more }) });
const refusal = (status: number, code: string) => ({
  ...pool,
  status,
  text: JSON.stringify({ error: { code: 'X', message: 'A.', details: [{ code, message: 'B.' }] } }),
});

test('what the document says passes', () => {
  check(pool);
  check(refusal(404, 'PoolNotFound'));
  check({ ...refusal(404, 'RouteNotFound'), path: '/nothing' });
  check({ ...pool, path: `/vm/${subscriptionId}/next`, text: 'anything' });
});

test.each<[string, () => Answered, RegExp]>([
  ['a member too many', () => changed({ colour: 'red' }), /must NOT have additional properties/],
  ['a member of another type', () => changed({ vmCount: '2' }), /vmCount must be integer/],
  [
    'a member that is missing',
    () => changed({ createdAt: undefined }),
    /must have required property 'createdAt'/,
  ],
  ['a value that is none of the list', () => changed({ state: 'sleeping' }), /must be equal to one of/],
  ['an unlisted status', () => ({ ...pool, status: 202 }), /a status that the OpenAPI document lacks/],
  [
    'an unlisted code',
    () => refusal(404, 'JobNotFound'),
    /the detail code JobNotFound, which its endpoint's docs/,
  ],
  ['an unknown code', () => refusal(404, 'Odd'), /must be equal to one of/],
  [
    'another content type',
    () => ({ ...pool, headers: new Headers({ 'content-type': 'text/html' }) }),
    /text\/html/,
  ],
  [
    'success where nothing is',
    () => ({ ...pool, path: '/nothing' }),
    /a status that the OpenAPI document lacks/,
  ],
  [
    'a body where there is none',
    () => ({ ...pool, method: 'DELETE', status: 204, path: `/operator/accounts/${subscriptionId}` }),
    /with a body/,
  ],
])('%s does not', (_, answered, message) => {
  expect(() => check(answered())).toThrow(message);
});
