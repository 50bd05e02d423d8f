/** The dictionary by itself: equal hashes, all lengths, and the batches of a column of distinct values. */
import { describe, expect, test } from 'vitest';
import { paddedBlock } from '../../shared/scoring/byte-block.ts';
import {
  beginBatch,
  createDictionary,
  endBatch,
  hashText,
  indexOf,
  type ValueDictionary,
} from '../../shared/scoring/value-dictionary.ts';

/** Looks a text up that lies between other bytes. */
function find(dictionary: ValueDictionary, text: string, hash?: number): number {
  const bytes = Buffer.from(`<<<${text}>>>`);
  const block = paddedBlock(bytes);
  const end = bytes.length - 3;
  return indexOf(dictionary, block, 3, end, hash ?? hashText(block, 3, end));
}

describe('lookups', () => {
  test.each([
    ['with hashes of their own', undefined],
    ['with one hash for all', 7],
  ])('of texts of all lengths %s', (_, hash) => {
    const dictionary = createDictionary(4096);
    const texts = Array.from({ length: 40 }, (_, i) => 'abcdefghij'.repeat(4).slice(0, i));
    // As long as others, but for one byte at either end.
    const all = [
      ...texts,
      ...texts.slice(1).flatMap((text) => [`X${text.slice(1)}`, `${text.slice(0, -1)}Y`]),
    ];
    const first = all.map((text) => find(dictionary, text, hash));
    expect(first).toEqual(all.map((_, i) => i));
    expect(all.map((text) => find(dictionary, text, hash))).toEqual(first);
    expect(dictionary.texts).toEqual(all);
  });

  test('the hash is of the bytes alone', () => {
    const one = paddedBlock(Buffer.from('abcde'));
    const other = paddedBlock(Buffer.from('zzabcdefgh'));
    expect(hashText(one, 0, 5)).toBe(hashText(other, 2, 7));
    expect(hashText(one, 0, 5)).not.toBe(hashText(other, 2, 8));
  });
});

describe('batches', () => {
  test('values are kept while they are few', () => {
    const dictionary = createDictionary(1000);
    beginBatch(dictionary);
    const index = find(dictionary, 'a');
    endBatch(dictionary, 1000, 1);
    beginBatch(dictionary);
    expect(find(dictionary, 'a')).toBe(index);
    expect(dictionary.texts).toEqual(['a']);
  });

  test('after a batch of distinct values rows get entries of their own, for a while', () => {
    const dictionary = createDictionary(1000);
    let directBatches = 0;
    for (let batch = 0; batch < 200; batch++) {
      beginBatch(dictionary);
      const before = dictionary.texts;
      const distinct = batch === 0;
      for (let row = 0; row < 1000; row++) find(dictionary, distinct ? `value ${row}` : 'same');
      if (before.length === 1000) directBatches++;
      endBatch(dictionary, 1000, dictionary.texts.length);
      expect(dictionary.texts.length === 1 || dictionary.texts.length === 1000).toBe(true);
    }
    expect(directBatches).toBeGreaterThan(10);
    expect(dictionary.texts).toEqual(['same']);
  });
});
