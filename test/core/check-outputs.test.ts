import { describe, expect, it } from 'vitest';
import { understandJob, type JobBody } from '../../shared/core/job-request.ts';
import { limits } from '../../shared/core/limits.ts';
import type { Service } from '../../shared/core/service.ts';
import { azure, canarySas, connection, expectNoSecret } from './blob-places.ts';

const service = { inputs: [], outputs: ['scored', 'copy', 'third'], parameters: [] } as unknown as Service;

const at = (RelativeLocation: string) => ({ ConnectionString: connection, RelativeLocation });
const bySas = (RelativeLocation: string, SasBlobToken = canarySas) => ({
  BaseLocation: 'https://acct.blob.core.windows.net/',
  RelativeLocation,
  SasBlobToken,
});
const understood = (Outputs: JobBody['Outputs']) => understandJob(service, { Outputs }, azure, 0);

describe('the outputs of a job', () => {
  it('are named one by one, each in a container of its own, whatever opens it', () => {
    const request = understood({ third: bySas('other/c.csv'), scored: at('out/a.csv'), copy: null });
    if (request.kind === 'refused') throw new Error(request.details[0]?.message);
    expect(Object.entries(request.outputs)).toMatchObject([
      ['third', { container: 'other', name: 'c.csv', access: { kind: 'sas' } }],
      ['scored', { container: 'out', name: 'a.csv', access: { kind: 'key' } }],
    ]);
  });

  it.each([
    ['by one reference', at('out/a.csv')],
    ['written otherwise', at('/out/%61.csv')],
    ['by key and by SAS', bySas('out/a.csv')],
  ])('that are one blob, %s, are refused by name', (_, second) => {
    const refused = understood({ scored: at('out/a.csv'), copy: second });
    if (refused.kind !== 'refused') throw new Error('taken');
    expect(refused).toMatchObject({ status: 400, details: [{ code: 'InvalidBlob' }] });
    expect(refused.details[0]?.message).toContain(
      'Outputs.scored and Outputs.copy name one blob, "out/a.csv"',
    );
    expectNoSecret(refused);
  });

  it('of one name in two accounts or containers are two blobs', () => {
    const other = { ...bySas('out/a.csv'), BaseLocation: 'https://other.blob.core.windows.net' };
    expect(understood({ scored: at('out/a.csv'), copy: other, third: at('out2/a.csv') }).kind).toBe(
      'request',
    );
  });

  it('that a row of results could not hold are refused before they are made; one of the longest is not', () => {
    const longest = bySas(`out/${'é'.repeat(1_000)}.csv`, canarySas.padEnd(8_192, 'x'));
    expect(understood({ scored: longest }).kind).toBe('request');
    const refused = understood({ scored: longest, copy: { ...longest, RelativeLocation: 'out/b.csv' } });
    if (refused.kind !== 'refused') throw new Error('taken');
    expect(refused.details[0]?.message).toMatch(
      new RegExp(`of Outputs are \\d+ characters long together, .*at most ${limits.resultsCharsMax}`),
    );
    expectNoSecret(refused);
  });
});
