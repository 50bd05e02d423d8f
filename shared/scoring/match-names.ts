/** Matches wanted names with those a file has: exactly, else by a unique name that is written a little differently. */

/** How one wanted name fared. `indices` count the names that were offered. */
export type NameMatch =
  | { readonly kind: 'found'; readonly index: number }
  | { readonly kind: 'ambiguous'; readonly indices: readonly number[] }
  | { readonly kind: 'missing' };

/** Case and `-`, `_`, `.`, blanks make no difference in this form. */
export function looseName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[-_. ]/g, '_');
}

function groupBy(names: readonly string[], keyOf: (name: string) => string): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  names.forEach((name, index) => {
    const key = keyOf(name);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [index]);
    else group.push(index);
  });
  return groups;
}

function verdict(indices: readonly number[]): NameMatch {
  const [index] = indices;
  if (index === undefined) return { kind: 'missing' };
  return indices.length === 1 ? { kind: 'found', index } : { kind: 'ambiguous', indices };
}

/** One match for each of `wanted`. A name that matches exactly is not offered to others that match it loosely. */
export function matchNames(wanted: readonly string[], offered: readonly string[]): NameMatch[] {
  const exact = groupBy(offered, (name) => name);
  const loose = groupBy(offered, looseName);
  const claimed = new Set(wanted.flatMap((name) => exact.get(name) ?? []));
  const taken = new Set<number>();
  return wanted.map((name) => {
    const same = exact.get(name);
    if (same !== undefined) return verdict(same);
    const similar = (loose.get(looseName(name)) ?? []).filter((i) => !claimed.has(i) && !taken.has(i));
    const match = verdict(similar);
    if (match.kind === 'found') taken.add(match.index);
    return match;
  });
}
