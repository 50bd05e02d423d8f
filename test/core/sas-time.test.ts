import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeSas } from '../../shared/core/sas-time.ts';

const nowMs = Date.UTC(2026, 10, 24, 18, 0, 0);
const until = (se: string) => judgeSas(`?sv=2024-11-04&sp=r&se=${encodeURIComponent(se)}&sig=x`, nowMs).kind;

describe('the end of a SAS', () => {
  it('is what any calendar says, for every time there is', () => {
    const times = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
    fc.assert(
      fc.property(times, fc.integer({ min: -2, max: 2 }), (at, aroundMs) => {
        const token = `?se=${encodeURIComponent(at.toISOString())}&sig=x`;
        expect(judgeSas(token, at.getTime() + aroundMs).kind).toBe(aroundMs >= 0 ? 'expired' : 'good');
      }),
    );
  });

  it.each([
    ['2026-11-24T18:00:00Z', 'expired'],
    ['2026-11-24T18:00:01Z', 'good'],
    ['2026-11-24T18:00Z', 'expired'],
    ['2026-11-24T18:01Z', 'good'],
    ['2026-11-24', 'expired'],
    ['2026-11-25', 'good'],
    ['2026-11-24T18:00:00.0000001Z', 'expired'],
    ['2026-11-24T18:00:00.5000000Z', 'good'],
    ['2026-11-24T20:00:00+02:00', 'expired'],
    ['2026-11-24T13:00:01-05:00', 'good'],
    ['2024-02-29T00:00:00Z', 'expired'],
  ])('%s', (se, kind) => expect(until(se)).toBe(kind));

  it.each(['', 'soon', '2026-13-01', '24.11.2020', '2020-11-24T99:00Z', '2020-01-01T00:00:00Z<script>'])(
    'that cannot be read ("%s") is left to storage',
    (se) => expect(until(se)).toBe('good'),
  );

  it('is that of its user delegation key where that one ends before', () => {
    const token = '?se=2026-12-01T00:00:00Z&ske=2026-11-24T12:00:00Z&sig=x';
    expect(judgeSas(token, nowMs)).toEqual({ kind: 'expired', at: '2026-11-24T12:00:00Z' });
  });

  it('is left to storage when it is closer than the clock is right', () => {
    const token = 'se=2026-11-24T18:00:00Z&sig=x';
    expect(judgeSas(token, nowMs + 1_999, 2_000).kind).toBe('good');
    expect(judgeSas(token, nowMs + 2_000, 2_000)).toEqual({ kind: 'expired', at: '2026-11-24T18:00:00Z' });
  });

  it('is found in a whole URL, and none in a stored policy', () => {
    expect(judgeSas('https://a.blob.core.windows.net/c/x.csv?se=2020-01-01&sig=x', nowMs).kind).toBe(
      'expired',
    );
    expect(judgeSas('?sv=2024-11-04&si=policy&sig=x', nowMs)).toEqual({ kind: 'good' });
  });
});

it('the beginning of a SAS', () => {
  const from = (st: string) => judgeSas(`?st=${st}&se=2027-01-01&sig=x`, nowMs);
  expect(from('2026-11-24T18:00:00Z')).toEqual({ kind: 'good' });
  expect(from('2026-11-24T18:00:01Z')).toEqual({ kind: 'early', at: '2026-11-24T18:00:01Z' });
  expect(judgeSas('?skt=2026-11-25&sig=x', nowMs)).toEqual({ kind: 'early', at: '2026-11-25' });
});
