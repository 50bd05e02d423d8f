/** A map in the order of its keys, in chunks: the in-memory table stays quick with a million rows, page by page. */

const chunkMax = 512;

type Chunk<V> = { readonly keys: string[]; readonly values: V[] };

export class SortedMap<V> {
  size = 0;
  /** Never an empty chunk, but for the first of an empty map. */
  private readonly chunks: Chunk<V>[] = [{ keys: [], values: [] }];
  /** The first key of each chunk: what is looked through to find one lies together. */
  private readonly heads: string[] = [''];

  get(key: string): V | undefined {
    const chunk = this.chunks[this.chunkFor(key)]!;
    const at = firstNotBefore(chunk.keys, key);
    return chunk.keys[at] === key ? chunk.values[at] : undefined;
  }

  set(key: string, value: V): void {
    const index = this.chunkFor(key);
    const chunk = this.chunks[index]!;
    const at = firstNotBefore(chunk.keys, key);
    if (chunk.keys[at] === key) {
      chunk.values[at] = value;
      return;
    }
    chunk.keys.splice(at, 0, key);
    chunk.values.splice(at, 0, value);
    this.size++;
    if (at === 0) this.heads[index] = key;
    if (chunk.keys.length > chunkMax) this.split(index);
  }

  /** Nothing happens when it is not there. */
  delete(key: string): void {
    const index = this.chunkFor(key);
    const chunk = this.chunks[index]!;
    const at = firstNotBefore(chunk.keys, key);
    if (chunk.keys[at] !== key) return;
    chunk.keys.splice(at, 1);
    chunk.values.splice(at, 1);
    this.size--;
    if (chunk.keys.length > 0) {
      this.heads[index] = chunk.keys[0]!;
    } else if (this.chunks.length > 1) {
      this.chunks.splice(index, 1);
      this.heads.splice(index, 1);
    }
  }

  /** The values of the first `max` keys in [from, to). */
  slice(from: string, to: string, max: number): V[] {
    const found: V[] = [];
    let index = this.chunkFor(from);
    let at = firstNotBefore(this.chunks[index]!.keys, from);
    for (; index < this.chunks.length; index++, at = 0) {
      const { keys, values } = this.chunks[index]!;
      for (; at < keys.length; at++) {
        if (keys[at]! >= to || found.length === max) return found;
        found.push(values[at]!);
      }
    }
    return found;
  }

  private split(index: number): void {
    const { keys, values } = this.chunks[index]!;
    const next = { keys: keys.splice(chunkMax / 2), values: values.splice(chunkMax / 2) };
    this.chunks.splice(index + 1, 0, next);
    this.heads.splice(index + 1, 0, next.keys[0]!);
  }

  /** The last chunk that begins at or before the key, or the first. */
  private chunkFor(key: string): number {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.heads[middle]! <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function firstNotBefore(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
