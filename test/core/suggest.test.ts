/** "Did you mean": near misses are found, everything else is left alone. */
import { expect, test } from 'vitest';
import { didYouMean, suggest } from '../../shared/core/suggest.ts';

const members = ['Input', 'Inputs', 'Outputs', 'GlobalParameters', 'AzureBatchPoolId'];

test.each([
  ['GolbalParameters', 'GlobalParameters'],
  ['globalparameters', 'GlobalParameters'],
  ['AzureBatchPoolID', 'AzureBatchPoolId'],
  ['Output', 'Outputs'],
  ['Inptu', 'Input'],
])('%s was meant to be %s', (given, meant) => {
  expect(suggest(given, members)).toBe(meant);
});

test.each(['', 'Banana', 'Input', 'x', 'I'.repeat(65)])('nothing is near to "%s"', (given) => {
  expect(suggest(given, ['Input', 'Outputs'])).toBeUndefined();
});

test('two adjacent letters that changed places are one edit, two letters elsewhere are two', () => {
  expect(suggest('abdc', ['abcd'])).toBe('abcd');
  expect(suggest('xbcy', ['abcd'])).toBeUndefined();
});

test('the nearest wins, not the first', () => {
  expect(suggest('ConnetionStrin', ['ConnectionStrong', 'ConnectionString'])).toBe('ConnectionString');
});

test('a sentence with a blank before it, or nothing', () => {
  expect(didYouMean('Inptus', members)).toBe(' Did you mean "Inputs"?');
  expect(didYouMean('Banana', members)).toBe('');
});
