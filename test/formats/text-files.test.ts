/** Text files as programs and people write them: what is odd or damaged in one is read as meant, or named. */
import { expect, test } from 'vitest';
import { convert } from './convert.ts';

test('arff: a row of blanks and a stray quote takes no longer than any other', async () => {
  const blanks = ' '.repeat(8_000);
  const file = `@attribute age real\n@attribute t string\n@data\n1,${blanks}x'y\n`;
  await expect(convert(file, 'a.arff', 'o.csv', { chunkBytes: 10_000 })).rejects.toThrow(
    'a.arff line 4 (row 1): quotes that do not close.',
  );
});
