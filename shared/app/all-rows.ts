/** A whole range, page by page. */
import type { App, Kind, Range, RangeKind, Stored } from './ports.ts';

export async function* allRows<R extends Range>(
  app: App,
  range: R,
  pageSize = 1_000,
): AsyncGenerator<Stored<RangeKind[R['of']] & Kind>> {
  let after: string | undefined;
  do {
    const page = await app.store.list(
      range,
      after === undefined ? { limit: pageSize } : { limit: pageSize, after },
    );
    yield* page.rows as Stored<RangeKind[R['of']] & Kind>[];
    after = page.after;
  } while (after !== undefined);
}

/** At most `max` rows of a range; for ranges that are small by their nature. */
export async function collect<R extends Range>(
  app: App,
  range: R,
  max = Number.POSITIVE_INFINITY,
): Promise<Stored<RangeKind[R['of']] & Kind>[]> {
  const found: Stored<RangeKind[R['of']] & Kind>[] = [];
  for await (const row of allRows(app, range, Math.min(1_000, max))) {
    found.push(row);
    if (found.length >= max) break;
  }
  return found;
}
