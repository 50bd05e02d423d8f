/** A sorted set of strings in chunks, so that the in-memory table stays quick with a hundred thousand rows. */

const chunkMax = 512;

export class SortedKeys {
  /** Never an empty chunk, but for the first of an empty set. */
  private readonly chunks: string[][] = [[]];

  /** Nothing happens when it is there already. */
  add(key: string): void {
    const index = this.chunkFor(key);
    const chunk = this.chunks[index]!;
    const at = firstNotBefore(chunk, key);
    if (chunk[at] === key) return;
    chunk.splice(at, 0, key);
    if (chunk.length > chunkMax) this.chunks.splice(index + 1, 0, chunk.splice(chunkMax / 2));
  }

  remove(key: string): void {
    const index = this.chunkFor(key);
    const chunk = this.chunks[index]!;
    const at = firstNotBefore(chunk, key);
    if (chunk[at] !== key) return;
    chunk.splice(at, 1);
    if (chunk.length === 0 && this.chunks.length > 1) this.chunks.splice(index, 1);
  }

  /** The first `max` keys in [from, to). */
  slice(from: string, to: string, max: number): string[] {
    const found: string[] = [];
    let index = this.chunkFor(from);
    let at = firstNotBefore(this.chunks[index]!, from);
    for (; index < this.chunks.length; index++, at = 0) {
      const chunk = this.chunks[index]!;
      for (; at < chunk.length; at++) {
        const key = chunk[at]!;
        if (key >= to || found.length === max) return found;
        found.push(key);
      }
    }
    return found;
  }

  /** The last chunk that begins at or before the key. */
  private chunkFor(key: string): number {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.chunks[middle]![0]! <= key) low = middle;
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
