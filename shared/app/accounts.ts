/** Pool accounts: the operator makes them, agrees quotas, hands out and rotates keys (article, statements 5, 6 and 14). */
import { revived, rotate, type Account, type KeySlot } from '../core/account.ts';
import { conflict, notFound, type Refused } from '../core/refusal.ts';
import { collect } from './all-rows.ts';
import { accountMemory } from './authorize.ts';
import { findAccount } from './find-account.ts';
import { lookAgain } from './look-again.ts';
import type { App } from './ports.ts';

export type Quotas = { readonly maxPools: number; readonly maxVmsPerPool: number };

/** Makes the account or changes its quotas. Lower quotas stop no pool and no VM: they refuse new growth. */
export function putAccount(
  app: App,
  subscriptionId: string,
  quotas: Quotas,
): Promise<{ kind: 'account'; account: Account; outcome: 'created' | 'updated' }> {
  return lookAgain(app, async () => {
    const old = await app.store.get('account', { subscriptionId });
    const nowMs = app.clock.now();
    const isThere = old !== undefined && old.row.goneMs === undefined;
    const account: Account =
      old === undefined
        ? { subscriptionId, ...quotas, pools: 0, keys: { primary: 1, secondary: 1 }, createdMs: nowMs }
        : { ...(isThere ? old.row : revived(old.row, nowMs)), ...quotas };
    const done = await app.store.commit([
      old === undefined
        ? { do: 'create', kind: 'account', row: account }
        : { do: 'replace', kind: 'account', row: account, etag: old.etag },
    ]);
    if (done.kind === 'conflict') return 'conflict';
    app.memory.forget(accountMemory(subscriptionId));
    return { kind: 'account', account, outcome: isThere ? 'updated' : 'created' } as const;
  });
}

export async function getAccount(
  app: App,
  subscriptionId: string,
): Promise<{ kind: 'account'; account: Account } | Refused> {
  const stored = await findAccount(app, subscriptionId);
  return stored === undefined ? noAccount(subscriptionId) : { kind: 'account', account: stored.row };
}

export async function listAccounts(
  app: App,
  options: { top: number; after?: string },
): Promise<{ kind: 'accounts'; accounts: Account[]; after?: string }> {
  const page = await app.store.list(
    { of: 'accounts' },
    options.after === undefined ? { limit: options.top } : { limit: options.top, after: options.after },
  );
  const accounts = page.rows.flatMap(({ row }) => (row.goneMs === undefined ? [row] : []));
  return page.after === undefined
    ? { kind: 'accounts', accounts }
    : { kind: 'accounts', accounts, after: page.after };
}

export type KeyPair = { readonly kind: 'keys'; readonly primary: string; readonly secondary: string };

export async function accountKeys(app: App, subscriptionId: string): Promise<KeyPair | Refused> {
  const found = await getAccount(app, subscriptionId);
  return found.kind === 'refused' ? found : keysOf(app, found.account);
}

/** The other key goes on working: rotate one, move the clients, rotate the other. */
export function regenerateAccountKey(
  app: App,
  subscriptionId: string,
  slot: KeySlot,
): Promise<KeyPair | Refused> {
  return lookAgain(app, async () => {
    const old = await findAccount(app, subscriptionId);
    if (old === undefined) return noAccount(subscriptionId);
    const account = { ...old.row, keys: rotate(old.row.keys, slot) };
    const done = await app.store.commit([{ do: 'replace', kind: 'account', row: account, etag: old.etag }]);
    if (done.kind === 'conflict') return 'conflict';
    app.memory.forget(accountMemory(subscriptionId));
    return keysOf(app, account);
  });
}

export async function deleteAccount(
  app: App,
  subscriptionId: string,
): Promise<{ kind: 'deleted' } | Refused> {
  return lookAgain(app, async () => {
    const old = await findAccount(app, subscriptionId);
    if (old === undefined) return noAccount(subscriptionId);
    const [reservations, services, plans] = await Promise.all([
      collect(app, { of: 'reservations', subscriptionId }, 1),
      collect(app, { of: 'services', subscriptionId }, 1),
      collect(app, { of: 'plans', subscriptionId }),
    ]);
    if (old.row.pools > 0 || reservations.length > 0) {
      return conflict(
        'AccountHasPools',
        `The account still has ${old.row.pools} pool(s); delete them first.`,
      );
    }
    if (services.length > 0 || plans.some(({ row }) => row.goneMs === undefined)) {
      return conflict(
        'AccountHasServices',
        'The account still has web services or plans; delete them first.',
      );
    }
    // The row stays: it knows which keys have been in use, and whoever makes something under it is told.
    const gone = { ...old.row, goneMs: app.clock.now() };
    const done = await app.store.commit([{ do: 'replace', kind: 'account', row: gone, etag: old.etag }]);
    if (done.kind === 'conflict') return 'conflict';
    app.memory.forget(accountMemory(subscriptionId));
    return { kind: 'deleted' } as const;
  });
}

function keysOf(app: App, account: Account): KeyPair {
  const owner = { kind: 'account', id: account.subscriptionId } as const;
  return {
    kind: 'keys',
    primary: app.secrets.key(owner, 'primary', account.keys.primary),
    secondary: app.secrets.key(owner, 'secondary', account.keys.secondary),
  };
}

function noAccount(subscriptionId: string): Refused {
  return notFound(
    'AccountNotFound',
    `There is no account for subscription ${subscriptionId}; make it with PUT /operator/accounts/${subscriptionId}.`,
  );
}
