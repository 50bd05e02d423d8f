/** A request is answered by its deadline, and begins no write after it (design.md, section 5). */
import { StoreFault, type App } from '../app/ports.ts';

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
 * The same app, which begins no write and takes no model once `isOver` says so: the caller has been told that nothing is
 * certain, and those who wait behind it have not.
 */
export function untilDeadline(app: App, isOver: () => boolean): App {
  const { store, blobs } = app;
  const inTime = <T>(begin: () => Promise<T>): Promise<T> => {
    if (isOver())
      throw new StoreFault('timeout', 'The request has passed its deadline; it begins nothing any more.');
    return begin();
  };
  return {
    ...app,
    store: { ...store, commit: (writes) => inTime(() => store.commit(writes)) },
    blobs: { ...blobs, put: (...blob) => inTime(() => blobs.put(...blob)) },
    modelTurns: (run) => app.modelTurns(() => inTime(run)),
    checkModel: (bytes) => inTime(() => app.checkModel(bytes)),
  };
}
