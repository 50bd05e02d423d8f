/** Notes that are asked for once: whoever has a million of them keeps none. */

export function take<K, V>(notes: Map<K, V>, key: K): V | undefined {
  const value = notes.get(key);
  notes.delete(key);
  return value;
}
