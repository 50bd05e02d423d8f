/** A map that forgets its oldest entries: what a host remembers must not grow with its age. */

export type RecentMap<K, V> = {
  set(key: K, value: V): void;
  has(key: K): boolean;
  delete(key: K): void;
  copy(): ReadonlyMap<K, V>;
};

/** @param max entries kept, at least 1 */
export function makeRecentMap<K, V>(max: number): RecentMap<K, V> {
  const entries = new Map<K, V>();
  return {
    set: (key, value) => {
      entries.delete(key);
      entries.set(key, value);
      const [oldest] = entries.keys();
      if (entries.size > max && oldest !== undefined) entries.delete(oldest);
    },
    has: (key) => entries.has(key),
    delete: (key) => void entries.delete(key),
    copy: () => new Map(entries),
  };
}
