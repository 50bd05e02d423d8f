/** A request is answered by its deadline, and begins no write after it (design.md, section 5). */
import { StoreFault, type App, type Store } from '../app/ports.ts';

/** What `work` gives, or what `late` gives when `ms` have passed first. The work itself goes on unheard. */
export async function withinDeadline<T>(work: Promise<T>, ms: number, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late()), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The same app, whose store begins no write once `isOver` says so: the caller has been told that nothing is certain.
 */
export function untilDeadline(app: App, isOver: () => boolean): App {
  const { store } = app;
  const guarded: Store = {
    ...store,
    commit: (writes) => {
      if (isOver())
        throw new StoreFault('timeout', 'The request has passed its deadline; it begins no write any more.');
      return store.commit(writes);
    },
  };
  return { ...app, store: guarded };
}
