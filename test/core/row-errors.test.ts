/** What GlobalParameters say about rows at fault, and where the error file goes. */
import { describe, expect, it, test } from 'vitest';
import { besideOutput } from '../../shared/core/errors-place.ts';
import { understandRowErrors } from '../../shared/core/row-errors.ts';
import type { BlobPlace } from '../../shared/core/blob-ref.ts';

const policyOf = (given: Record<string, string | number | boolean>) => {
  const understood = understandRowErrors(given);
  return understood.kind === 'policy' ? understood.policy : understood.details[0];
};

describe('the policy', () => {
  test.each([
    [{}, { kind: 'fail' }],
    [{ 'millpond.rowErrors': 'fail' }, { kind: 'fail' }],
    [{ 'millpond.rowErrors': 'skip' }, { kind: 'skip' }],
    [
      { 'millpond.rowErrors': 'blank', 'millpond.maxRowErrors': '7', 'millpond.maxRowErrorShare': ' 0.25' },
      { kind: 'blank', countMax: 7, shareMax: 0.25 },
    ],
    [
      { 'millpond.rowErrors': 'skip', 'millpond.maxRowErrors': 0, 'millpond.maxRowErrorShare': 1 },
      { kind: 'skip', countMax: 0, shareMax: 1 },
    ],
  ])('%j', (given, policy) => {
    expect(policyOf(given)).toEqual(policy);
  });

  test.each([
    [
      { 'millpond.rowError': 'skip' },
      'names "millpond.rowError", which is none of millpond.rowErrors, millpond.maxRowErrors, millpond.maxRowErrorShare. Did you mean "millpond.rowErrors"?',
    ],
    [
      { 'millpond.x': 1 },
      'which is none of millpond.rowErrors, millpond.maxRowErrors, millpond.maxRowErrorShare.',
    ],
    [
      { 'millpond.rowErrors': 'drop' },
      'gives "millpond.rowErrors" as "drop": expected is one of "fail", "skip", "blank".',
    ],
    [
      { 'millpond.rowErrors': 'skip', 'millpond.maxRowErrors': '1.5' },
      'as "1.5": expected is a whole number from 0.',
    ],
    [
      { 'millpond.rowErrors': 'skip', 'millpond.maxRowErrors': '' },
      'as "": expected is a whole number from 0.',
    ],
    [{ 'millpond.rowErrors': 'skip', 'millpond.maxRowErrors': true }, 'as "true": expected'],
    [
      { 'millpond.rowErrors': 'skip', 'millpond.maxRowErrorShare': 5 },
      'as "5": expected is a number from 0 to 1.',
    ],
    [{ 'millpond.maxRowErrors': 5 }, 'give "millpond.rowErrors" as "skip" or "blank" too'],
  ])('%j is refused', (given, message) => {
    expect(policyOf(given)).toMatchObject({ message: expect.stringContaining(message) });
  });
});

describe('the place of the error file', () => {
  const place = (access: BlobPlace['access'], name = 'a b.csv'): BlobPlace => ({
    endpoint: 'https://x.blob.core.windows.net',
    container: 'out',
    name,
    access,
  });
  const sas = (token: string, name?: string) => place({ kind: 'sas', token }, name);
  const key = { kind: 'key', account: 'x', key: 'eA==' } as const;

  it('is beside the output where a key, or a SAS of the container or the account, opens it', () => {
    for (const output of [place(key), sas('?sr=c&sp=rcw&sig=x'), sas('?ss=b&srt=sco&sp=rwl&sig=x')])
      expect(besideOutput(output)).toEqual({ ...output, name: 'a b.csv.errors.csv' });
  });

  test.each([
    sas('?sr=b&sp=rcw&sig=x'),
    sas('?sr=c&sp=cw&sig=x'),
    sas('?sr=c&sp=rl&sig=x'),
    sas('?sr=c&si=policy&sig=x'),
    sas('?ss=b&srt=sc&sp=rwl&sig=x'),
    sas(`?sr=c&sp=rcw&sig=${'x'.repeat(1_500)}`),
    place(key, `${'x'.repeat(1_015)}.csv`),
    place(key, `${'é'.repeat(400)}.csv`),
  ])('is not, otherwise: %#', (output) => {
    expect(besideOutput(output)).toBeUndefined();
  });
});
