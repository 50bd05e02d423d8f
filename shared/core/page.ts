/** One page of a list that is read as a whole, since it is small by its nature. Pure. */

export type PageWish = {
  readonly top: number;
  /** The id of the last item before the page. */
  readonly after?: string;
};

/** In the order of their ids, so that nothing is skipped or shown twice however the list changes meanwhile. */
export function pageOfAll<T>(
  all: readonly T[],
  idOf: (item: T) => string,
  { top, after = '' }: PageWish,
): { readonly items: readonly T[]; readonly after?: string } {
  const rest = all.filter((item) => idOf(item) > after).toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  const items = rest.slice(0, top);
  const last = items.at(-1);
  return rest.length > top && last !== undefined ? { items, after: idOf(last) } : { items };
}
