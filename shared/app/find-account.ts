/** An account as it is now; a deleted one is found by nobody. */
import type { SubscriptionId } from '../core/ids.ts';
import type { App, Stored } from './ports.ts';

export async function findAccount(
  app: App,
  subscriptionId: SubscriptionId,
): Promise<Stored<'account'> | undefined> {
  const stored = await app.store.get('account', { subscriptionId });
  return stored?.row.goneMs === undefined ? stored : undefined;
}
