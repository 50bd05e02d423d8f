/** A whole range, page by page; pages of as many rows as there may be, unless fewer are asked for. */
import { limits } from '../core/limits.ts';
import type { App, Kind, Range, RangeKind, Stored } from './ports.ts';

export async function* allRows<R extends Range>(
  app: App,
  range: R,
  limit: number = limits.pageMax,
): AsyncGenerator<Stored<RangeKind[R['of']] & Kind>> {
  let after: string | undefined;
  do {
    const page = await app.store.list(range, after === undefined ? { limit } : { limit, after });
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
  let after: string | undefined;
  do {
    const limit = Math.min(limits.pageMax, max - found.length);
    const page = await app.store.list(range, after === undefined ? { limit } : { limit, after });
    found.push(...(page.rows as Stored<RangeKind[R['of']] & Kind>[]));
    after = page.after;
  } while (after !== undefined && found.length < max);
  return found;
}
