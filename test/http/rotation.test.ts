/**
 * Keys are derived and rotated one slot at a time: whoever moves to the new key before the old one goes is never shut
 * out.
 */
import { beforeEach, expect, test } from 'vitest';
import { makeMemory } from '../../shared/app/memory.ts';
import { limits } from '../../shared/core/limits.ts';
import { makeStore } from '../../shared/storage/table-store.ts';
import { makeSeededRandom } from '../../shared/storage/seeded-random.ts';
import type { App } from '../../shared/app/ports.ts';
import { subscriptionId } from '../app/world.ts';
import { makeApi, read, type Api } from './api.ts';
import { serve } from './registered.ts';

let api: Api;
/** Two instances over the same storage, each with what it remembers for itself. */
let instances: readonly [App, App];
beforeEach(async () => {
  api = await makeApi();
  const { app, table, clock } = api.world;
  const random = makeSeededRandom(2);
  const second = { ...app, random, store: makeStore({ table, random, clock }), memory: makeMemory(clock) };
  instances = [app, second];
});

/** Whichever instance the balancer picks. */
async function statusAt(instance: 0 | 1, key: string): Promise<number> {
  serve(async () => instances[instance]);
  return (await api.call({ path: `${api.psu}/pools`, key })).status;
}

const account = `/operator/accounts/${subscriptionId}`;
async function regenerate(
  keyName: 'primary' | 'secondary',
): Promise<Record<'primary' | 'secondary', string>> {
  serve(async () => instances[0]);
  const got = await api.asOperator({ method: 'POST', path: `${account}/regenerateKey`, body: { keyName } });
  return read(got) as Record<'primary' | 'secondary', string>;
}

test('a client that moves from slot to slot while keys are rotated never sees a 401, at any instance', async () => {
  serve(async () => instances[0]);
  const listed = await api.asOperator({ method: 'POST', path: `${account}/listKeys` });
  let keys = read(listed) as Record<'primary' | 'secondary', string>;
  let using: 'primary' | 'secondary' = 'primary';
  const seen: number[] = [];
  for (let round = 0; round < 6; round++) {
    // Both instances remember the account as it was.
    for (const at of [0, 1] as const) seen.push(await statusAt(at, keys[using]));
    const other: 'primary' | 'secondary' = using === 'primary' ? 'secondary' : 'primary';
    const before = keys;
    keys = await regenerate(other);
    expect(keys[using]).toBe(before[using]);
    expect(keys[other]).not.toBe(before[other]);
    // Jobs go on with the one, and the new one opens at once, where it was made and elsewhere.
    for (const at of [1, 0] as const)
      seen.push(await statusAt(at, keys[using]), await statusAt(at, keys[other]));
    // The one that was taken away is shut out where that was done at once, and everywhere soon.
    expect(await statusAt(0, before[other])).toBe(401);
    await api.world.clock.advance(limits.keyCacheMs);
    expect(await statusAt(1, before[other])).toBe(401);
    using = other;
  }
  expect([...new Set(seen)]).toEqual([200]);
});

test('keys are base64 of 64 bytes, differ by owner, slot and version, and nothing of them is stored', async () => {
  const all = new Set<string>();
  for (let round = 0; round < 3; round++) {
    for (const key of Object.values(await regenerate(round % 2 === 0 ? 'primary' : 'secondary'))) {
      expect(Buffer.from(key, 'base64')).toHaveLength(64);
      expect(key).toMatch(/^[A-Za-z0-9+/]{86}==$/);
      all.add(key);
    }
  }
  expect(all.size).toBe(4);
  const stored = JSON.stringify(api.world.table.all('millpondaccounts'));
  for (const key of all) expect(stored).not.toContain(key.slice(0, 20));
});

test('a key is compared as a whole, in time that does not tell how much of it was right', () => {
  const { secrets } = api.world.app;
  const key = secrets.key({ kind: 'account', id: subscriptionId }, 'primary', 1);
  for (const near of [key.slice(0, -1), `${key}=`, key.toLowerCase(), ` ${key}`, '', key.slice(0, 44)]) {
    expect(secrets.same(near, key)).toBe(false);
  }
  expect(secrets.same(key, key)).toBe(true);
});
