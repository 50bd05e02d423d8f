/** Numbers the distinct texts of a column, straight from bytes: a text is decoded once, however many rows have it. */
import { lowPart, type ByteBlock } from './byte-block.ts';
import { decodeText } from './decode-text.ts';

/** A growing set of byte strings, each with an index. Used by one column of one worker. */
export type ValueDictionary = {
  /** The texts by index. The array is replaced, never emptied: a tensor may still hold it. */
  texts: string[];
  /** The texts' bytes in words, each text padded with zeros; entry i begins at `offsets[i]`. */
  words: Int32Array;
  offsets: Int32Array;
  /** In bytes. */
  lengths: Int32Array;
  hashes: Int32Array;
  /** Open addressing: index + 1, 0 where free. A power of two, at least twice the capacity. */
  table: Int32Array;
  wordsUsed: number;
  /** What the model's encoder knows, where that is known; then `unseen[i]` is 1 for a text that it does not know. */
  readonly known: ReadonlySet<string> | undefined;
  readonly unseen: Uint8Array;
  unseenTexts: number;
  /** Batches for which every row gets its own entry, because the last ones hardly repeated a value. */
  directBatches: number;
};

/** Distinct values kept from batch to batch; more of them cost more than they save. */
const keptMax = 512;
const directBatchesAfterMiss = 64;

/** @param rowsMax Rows of a batch: it may add as many values. @param known Values of the model's encoder. */
export function createDictionary(rowsMax: number, known?: readonly string[]): ValueDictionary {
  const capacity = rowsMax + keptMax;
  return {
    texts: [],
    words: new Int32Array(1024),
    offsets: new Int32Array(capacity),
    lengths: new Int32Array(capacity),
    hashes: new Int32Array(capacity),
    table: new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2))),
    wordsUsed: 0,
    known: known === undefined ? undefined : new Set(known),
    unseen: new Uint8Array(capacity),
    unseenTexts: 0,
    directBatches: 0,
  };
}

function clear(dictionary: ValueDictionary): void {
  dictionary.texts = [];
  dictionary.wordsUsed = 0;
  dictionary.table.fill(0);
  if (dictionary.unseenTexts > 0) dictionary.unseen.fill(0);
  dictionary.unseenTexts = 0;
}

/** To be called before each batch: makes room for the values it may add. */
export function beginBatch(dictionary: ValueDictionary): void {
  if (dictionary.directBatches > 0) {
    dictionary.directBatches--;
    clear(dictionary);
  } else if (dictionary.texts.length > keptMax) clear(dictionary);
}

/** To be called after each batch of `rows` rows, of which `added` had a new value: gives up on columns of distinct values. */
export function endBatch(dictionary: ValueDictionary, rows: number, added: number): void {
  if (dictionary.directBatches > 0 || added * 2 <= rows || added <= keptMax) return;
  dictionary.directBatches = directBatchesAfterMiss;
}

/** One step of the hash that `indexOf` expects: over a text's words, the last one padded with zeros. */
export function hashWord(hash: number, word: number): number {
  return Math.imul(hash ^ word, 0x9e3779b1);
}

/** The hash of `block[start, end)`. */
export function hashText(block: ByteBlock, start: number, end: number): number {
  let hash = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) hash = hashWord(hash, block.view.getInt32(at, true));
  return at === end ? hash : hashWord(hash, lowPart(block.view.getInt32(at, true), end - at));
}

function store(
  dictionary: ValueDictionary,
  block: ByteBlock,
  start: number,
  end: number,
  index: number,
): void {
  const words = (end - start + 3) >> 2;
  if (dictionary.wordsUsed + words > dictionary.words.length) {
    const grown = new Int32Array(Math.max(dictionary.wordsUsed + words, dictionary.words.length * 2));
    grown.set(dictionary.words);
    dictionary.words = grown;
  }
  dictionary.offsets[index] = dictionary.wordsUsed;
  dictionary.lengths[index] = end - start;
  for (let at = start; at < end; at += 4) {
    const word = block.view.getInt32(at, true);
    dictionary.words[dictionary.wordsUsed++] = end - at < 4 ? lowPart(word, end - at) : word;
  }
}

function equals(
  dictionary: ValueDictionary,
  index: number,
  block: ByteBlock,
  start: number,
  end: number,
): boolean {
  if (dictionary.lengths[index] !== end - start) return false;
  const { words } = dictionary;
  const { view } = block;
  let known = dictionary.offsets[index] as number;
  let at = start;
  for (; at + 4 <= end; at += 4) if (words[known++] !== view.getInt32(at, true)) return false;
  return at === end || words[known] === lowPart(view.getInt32(at, true), end - at);
}

function add(dictionary: ValueDictionary, block: ByteBlock, start: number, end: number): number {
  const text = decodeText(block.bytes, start, end);
  if (text === undefined) return -1;
  const index = dictionary.texts.push(text) - 1;
  if (dictionary.known?.has(text) === false) {
    dictionary.unseen[index] = 1;
    dictionary.unseenTexts++;
  }
  return index;
}

/** How many of these rows have a text that the model's encoder does not know. */
export function countUnseen(dictionary: ValueDictionary, indices: Int32Array, rows: number): number {
  if (dictionary.unseenTexts === 0) return 0;
  let count = 0;
  for (let row = 0; row < rows; row++) count += dictionary.unseen[indices[row] as number] as number;
  return count;
}

/**
 * The index of `block[start, end)`, added when it is new.
 * @param hash `hashText` of them. @returns -1 when the bytes are not `decodableText`.
 */
export function indexOf(
  dictionary: ValueDictionary,
  block: ByteBlock,
  start: number,
  end: number,
  hash: number,
): number {
  if (dictionary.directBatches > 0) return add(dictionary, block, start, end);
  const table = dictionary.table;
  const mask = table.length - 1;
  let slot = (hash ^ (hash >>> 15)) & mask;
  for (;;) {
    const index = (table[slot] as number) - 1;
    if (index < 0) break;
    if (dictionary.hashes[index] === hash && equals(dictionary, index, block, start, end)) return index;
    slot = (slot + 1) & mask;
  }
  const index = add(dictionary, block, start, end);
  if (index < 0) return index;
  table[slot] = index + 1;
  dictionary.hashes[index] = hash;
  store(dictionary, block, start, end, index);
  return index;
}
