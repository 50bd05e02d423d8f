/** Rows that hot paths read again and again (keys, pools), remembered for a few seconds in this process. */
import type { Clock, Memory } from './ports.ts';

const entriesMax = 10_000;

export function makeMemory(clock: Clock): Memory {
  const entries = new Map<string, { readonly value: Promise<unknown>; readonly untilMs: number }>();
  return {
    async recall<T>(key: string, forMs: number, load: () => Promise<T>): Promise<T> {
      const known = entries.get(key);
      if (known !== undefined && clock.now() < known.untilMs) return known.value as Promise<T>;
      if (entries.size >= entriesMax) entries.clear();
      const value = load();
      entries.set(key, { value, untilMs: clock.now() + forMs });
      try {
        return await value;
      } catch (error) {
        entries.delete(key);
        throw error;
      }
    },
    async peek<T>(key: string): Promise<T | undefined> {
      const known = entries.get(key);
      return known !== undefined && clock.now() < known.untilMs ? (known.value as Promise<T>) : undefined;
    },
    forget: (key) => void entries.delete(key),
    note(key, forMs) {
      if (entries.size >= entriesMax) entries.clear();
      entries.set(key, { value: Promise.resolve(true), untilMs: clock.now() + forMs });
    },
    isNoted: (key) => clock.now() < (entries.get(key)?.untilMs ?? 0),
  };
}
