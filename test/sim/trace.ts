/**
 * What has happened, folded into one number as it happens, and its last part kept for whoever must understand a
 * failure.
 */

const kept = 4_096;

export type Entry = readonly [atMs: number, who: string, what: string, outcome: string];

export class Trace {
  /** Of everything noted so far. */
  entries = 0;
  private low = 0x811c_9dc5;
  private high = 0x1000_193;
  private readonly ring: (Entry | undefined)[] = Array.from({ length: kept });

  note(atMs: number, who: string, what: string, outcome: string): void {
    this.ring[this.entries % kept] = [atMs, who, what, outcome];
    this.entries += 1;
    this.foldNumber(atMs);
    this.fold(who);
    this.fold(what);
    this.fold(outcome);
  }

  /** 16 hex digits that are the same for the same events in the same order. */
  get hash(): string {
    return hex(this.high) + hex(this.low);
  }

  /** The last `count` entries that name any of the words; all of them when there are none. */
  last(count: number, words: readonly string[] = []): string[] {
    const found: string[] = [];
    const oldest = Math.max(0, this.entries - kept);
    for (let at = this.entries - 1; at >= oldest && found.length < count; at -= 1) {
      const [atMs, who, what, outcome] = this.ring[at % kept]!;
      const text = `${new Date(atMs).toISOString()} ${who} ${what} ${outcome}`;
      if (words.length === 0 || words.some((word) => text.includes(word))) found.push(text);
    }
    return found.toReversed();
  }

  private fold(text: string): void {
    let { low, high } = this;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      low = Math.imul(low ^ code, 0x0100_0193);
      high = Math.imul(high ^ code, 0x85eb_ca6b) ^ (low >>> 15);
    }
    this.low = low;
    this.high = high;
  }

  private foldNumber(value: number): void {
    this.low = Math.imul(this.low ^ (value | 0), 0x0100_0193);
    this.high = Math.imul(this.high ^ Math.floor(value / 2 ** 32), 0x85eb_ca6b) ^ (this.low >>> 15);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
