/** Who pays for a classic job that starts now: the service's own plan, or that of its workspace. */
import { notFound, type Refused } from '../core/refusal.ts';
import { planAt, type Service } from '../core/service.ts';
import { tieKey } from './find-workspace.ts';
import type { App } from './ports.ts';

export type Payer = { readonly kind: 'payer'; readonly planId: string };

/** Jobs on a pool have no payer: they cost nothing themselves. */
export async function payerOf(app: App, service: Service): Promise<Payer | Refused> {
  const { origin } = service;
  switch (origin.kind) {
    case 'new': {
      const planId = planAt(service.plans, app.clock.now());
      if (planId === undefined) throw new Error(`the web service ${service.serviceId} has no plan`);
      return { kind: 'payer', planId };
    }
    case 'classic': {
      const tie = await app.store.get('name', tieKey(service.subscriptionId, origin.workspaceId));
      if (tie !== undefined) return { kind: 'payer', planId: tie.row.id };
      return notFound(
        'WorkspaceNotFound',
        'The workspace of this web service no longer exists, so no plan pays for its classic jobs.',
      );
    }
  }
}
