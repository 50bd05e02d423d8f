/** What one request has looked at and written, counted at the store. */
import type { Store, Write } from '../../shared/app/ports.ts';

export type Touched = {
  calls: number;
  rows: number;
  /** A commit of it has met another one. */
  conflicts: number;
  /** Jobs and pools that it has tried to make. */
  readonly tried: { readonly kind: 'job' | 'pool'; readonly id: string }[];
};

export function untouched(): Touched {
  return { calls: 0, rows: 0, conflicts: 0, tried: [] };
}

export function counted(store: Store, touched: Touched): Store {
  return {
    get: (kind, key) => {
      touched.calls += 1;
      touched.rows += 1;
      return store.get(kind, key);
    },
    recall: (kind, key, forMs, fits) => {
      touched.calls += 1;
      touched.rows += 1;
      return store.recall(kind, key, forMs, fits);
    },
    list: (range, options) => {
      touched.calls += 1;
      return store.list(range, options).then((page) => {
        touched.rows += page.rows.length;
        return page;
      });
    },
    place: store.place,
    commit: (writes) => {
      touched.calls += 1;
      touched.rows += writes.length;
      noteMade(touched, writes);
      return store.commit(writes).then((done) => {
        if (done.kind === 'conflict') touched.conflicts += 1;
        return done;
      });
    },
  };
}

function noteMade({ tried }: Touched, writes: readonly Write[]): void {
  for (const write of writes) {
    if (write.do !== 'create') continue;
    if (write.kind === 'job') tried.push({ kind: 'job', id: write.row.jobId });
    else if (write.kind === 'pool') tried.push({ kind: 'pool', id: write.row.poolId });
  }
}
