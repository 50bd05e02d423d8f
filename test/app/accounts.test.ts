/** Accounts and what is made under them, when two callers do it at once. */
import { expect, it } from 'vitest';
import {
  accountKeys,
  deleteAccount,
  getAccount,
  listAccounts,
  putAccount,
  regenerateAccountKey,
} from '../../shared/app/accounts.ts';
import { authorizeAccount } from '../../shared/app/authorize.ts';
import { createPool } from '../../shared/app/create-pool.ts';
import type { App, Write } from '../../shared/app/ports.ts';
import { putPlan } from '../../shared/app/plans.ts';
import { deleteService } from '../../shared/app/services.ts';
import { limits } from '../../shared/core/limits.ts';
import { makeWorld, ok, refusedWith, subscriptionId, type World } from './world.ts';

const otherId = 'cd'.repeat(16);
const quotas = { maxPools: 2, maxVmsPerPool: 2 };
const plan = { group: 'rg', name: 'p' };

/** The same instance, in which somebody else comes first with his own before the first write that `isThen`. */
function overtaken({ app }: World, isThen: (write: Write) => boolean, first: () => Promise<unknown>): App {
  let overtake: (() => Promise<unknown>) | undefined = first;
  return {
    ...app,
    store: {
      ...app.store,
      commit: async (writes) => {
        const now = writes.some(isThen) ? overtake : undefined;
        if (now !== undefined) overtake = undefined;
        await now?.();
        return app.store.commit(writes);
      },
    },
  };
}

/** What the call answers, with the time that its pauses take. */
async function after<T>({ clock }: World, call: Promise<T>): Promise<T> {
  await clock.advance(1_000);
  return call;
}

it('an account that is deleted and made again is opened by none of its earlier keys', async () => {
  const world = await makeWorld();
  await putAccount(world.app, otherId, quotas);
  const leaked = ok(await accountKeys(world.app, otherId));
  const known = ok(await regenerateAccountKey(world.app, otherId, 'primary'));
  ok(await deleteAccount(world.app, otherId));
  expect(refusedWith(await getAccount(world.app, otherId))).toBe('AccountNotFound');
  expect(refusedWith(await deleteAccount(world.app, otherId))).toBe('AccountNotFound');
  expect(refusedWith(await accountKeys(world.app, otherId))).toBe('AccountNotFound');
  expect((await authorizeAccount(world.app, otherId, known.primary)).kind).toBe('refused');
  const list = await listAccounts(world.app, { top: 10 });
  expect(list.accounts.map((account) => account.subscriptionId)).toEqual([subscriptionId]);

  const again = await putAccount(world.app, otherId, quotas);
  expect(again).toMatchObject({ outcome: 'created', account: { ...quotas, pools: 0 } });
  for (const key of [leaked.primary, leaked.secondary, known.primary, known.secondary]) {
    expect((await authorizeAccount(world.app, otherId, key)).kind).toBe('refused');
  }
  const { primary } = ok(await accountKeys(world.app, otherId));
  expect((await authorizeAccount(world.app, otherId, primary)).kind).toBe('account');
});

it('an account under which a plan is made while it is deleted stays; one that is gone takes none', async () => {
  const world = await makeWorld();
  const { account } = await putAccount(world.app, otherId, quotas);
  const slow = overtaken(
    world,
    (write) => write.kind === 'account',
    async () => ok(await putPlan(world.app, account, plan, 'S1')),
  );
  expect(refusedWith(await after(world, deleteAccount(slow, otherId)))).toBe('AccountHasServices');
  expect((await putAccount(world.app, otherId, quotas)).outcome).toBe('updated');

  const { account: empty } = await putAccount(world.app, 'ef'.repeat(16), quotas);
  const late = overtaken(
    world,
    (write) => write.kind === 'plan',
    async () => ok(await deleteAccount(world.app, 'ef'.repeat(16))),
  );
  expect(refusedWith(await after(world, putPlan(late, empty, plan, 'S1')))).toBe('AccountNotFound');
});

it('no pool is made for a service that goes meanwhile', async () => {
  const world = await makeWorld();
  const swaggerUrl = `http://x/subscriptions/${subscriptionId}/services/${world.service.serviceId}/swagger.json`;
  const slow = overtaken(
    world,
    (write) => write.kind === 'live',
    async () => ok(await deleteService(world.app, world.account, { group: 'rg', name: 'adult' })),
  );
  const made = await createPool(slow, world.account, { vmCount: 1, swaggerUrl });
  expect(refusedWith(made)).toBe('WebServiceNotFound');
  expect(ok(await getAccount(world.app, subscriptionId)).account.pools).toBe(0);
  const left = await world.app.store.list({ of: 'live' }, { limit: limits.pageMax });
  expect(left.rows).toEqual([]);
});
