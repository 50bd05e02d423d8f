/**
 * What has happened, folded into one number as it happens, and its last part kept for whoever must understand a
 * failure.
 */

const kept = 4_096;
const foldedChars = 8;

export type Entry = readonly [
  atMs: number,
  who: string,
  what: string,
  outcome: string,
  pk: string,
  rk: string,
];

export class Trace {
  /** Of everything noted so far. */
  entries = 0;
  private low = 0x811c_9dc5;
  private high = 0x1000_193;
  private readonly ring: (Entry | undefined)[] = Array.from({ length: kept });

  /** @param pk, rk where, put together only for whoever reads it */
  note(atMs: number, who: string, what: string, outcome: string, pk = '', rk = ''): void {
    this.ring[this.entries % kept] = [atMs, who, what, outcome, pk, rk];
    this.entries += 1;
    this.foldNumber(atMs);
    this.fold(who);
    this.fold(what);
    this.fold(outcome);
    this.fold(pk);
    this.fold(rk);
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
      const [atMs, who, what, outcome, pk, rk] = this.ring[at % kept]!;
      const where = pk === '' && rk === '' ? '' : ` ${pk} ${rk}`;
      const text = `${new Date(atMs).toISOString()} ${who} ${what}${where} ${outcome}`;
      if (words.length === 0 || words.some((word) => text.includes(word))) found.push(text);
    }
    return found.toReversed();
  }

  /** The end of an id tells it from all others. */
  private fold(text: string): void {
    let { low } = this;
    for (let at = Math.max(0, text.length - foldedChars); at < text.length; at += 1)
      low = Math.imul(low ^ text.charCodeAt(at), 0x0100_0193);
    this.low = low;
    this.high = Math.imul(this.high ^ text.length, 0x85eb_ca6b) ^ low;
  }

  private foldNumber(value: number): void {
    this.low = Math.imul(this.low ^ (value | 0), 0x0100_0193);
    this.high = Math.imul(this.high ^ Math.floor(value / 2 ** 32), 0x85eb_ca6b) ^ (this.low >>> 15);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
