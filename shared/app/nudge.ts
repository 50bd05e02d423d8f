/** HTTP only makes quicker what the tick would do anyway: after its commit, a use case nudges the pool that it changed. */
import { tagOf } from '../core/ids.ts';
import { dispatch, noneFree } from './dispatch.ts';
import type { App, Stored } from './ports.ts';
import { reconcile } from './reconcile.ts';

/** Reconciles a pool right now. Failures are the tick's to repeat, never the caller's. */
export async function nudge(app: App, poolId: string): Promise<void> {
  if (app.config.dispatch === 'timer') return;
  await quietly(app, 'reconcile', () =>
    app.oneAtATime(`reconcile|${tagOf(poolId)}`, () => reconcile(app, tagOf(poolId))),
  );
}

/**
 * Dispatches a pool's queue right now. `known`: a job of it as it has just been queued; a pool that had no VM free a
 * moment ago is passed over then, since whoever frees one here dispatches after that, and `watch-pool.ts` sees the others.
 */
export async function nudgeDispatch(app: App, poolId: string, known?: Stored<'job'>): Promise<void> {
  const tag = tagOf(poolId);
  if (app.config.dispatch === 'timer') return;
  if (known !== undefined && app.memory.isNoted(noneFree(tag))) return;
  await quietly(app, 'dispatch', () => app.oneAtATime(`dispatch|${tag}`, () => dispatch(app, tag, known)));
}

async function quietly(app: App, what: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    app.log('nudge-failed', { what, error: String(error) });
  }
}
