/** HTTP only makes quicker what the tick would do anyway: after its commit, a use case nudges the pool that it changed. */
import { tagOf } from '../core/ids.ts';
import { dispatch } from './dispatch.ts';
import type { App, Stored } from './ports.ts';
import { reconcile } from './reconcile.ts';

/** Reconciles a pool right now. Failures are the tick's to repeat, never the caller's. */
export async function nudge(app: App, poolId: string): Promise<void> {
  if (app.config.dispatch === 'timer') return;
  await quietly(app, 'reconcile', () =>
    app.oneAtATime(`reconcile|${tagOf(poolId)}`, () => reconcile(app, tagOf(poolId))),
  );
}

/** Dispatches a pool's queue right now. `known`: a job of it as it has just been written. */
export async function nudgeDispatch(app: App, poolId: string, known?: Stored<'job'>): Promise<void> {
  if (app.config.dispatch === 'timer') return;
  await quietly(app, 'dispatch', () =>
    app.oneAtATime(`dispatch|${tagOf(poolId)}`, () => dispatch(app, tagOf(poolId), known)),
  );
}

async function quietly(app: App, what: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    app.log('nudge-failed', { what, error: String(error) });
  }
}
