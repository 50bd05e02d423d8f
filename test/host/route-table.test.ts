/** The real router's own answers, row by row. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HostRefusal } from '../../shared/host/refusal.ts';
import { parseTarget } from '../../shared/host/request-target.ts';
import { makeRouteTable, type HttpRoute } from '../../shared/host/route-table.ts';

type Row = {
  readonly set: string;
  readonly routes: readonly HttpRoute[];
  readonly prefix: string;
  readonly error?: true;
  readonly request?: { readonly method: string; readonly url: string };
  readonly match?: string | null;
  readonly params?: Readonly<Record<string, string>>;
  readonly status?: number;
};
type Answer = { readonly match: string | null; readonly params?: object; readonly status?: number };

const cases = new URL('../../../shared/data/host/route-cases.jsonl', import.meta.url);
const rows: Row[] = existsSync(cases)
  ? readFileSync(cases, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row)
  : [];

function answer(row: Row): Answer | 'refused' {
  try {
    const table = makeRouteTable(row.prefix, row.routes);
    const target = parseTarget(row.request?.url ?? '/');
    if (target === undefined) return { match: null, status: 400 };
    const found = table(row.request?.method ?? 'GET', target.path);
    return found === undefined
      ? { match: null, status: 404 }
      : { match: found.route.name, params: { ...found.params } };
  } catch (error) {
    if (error instanceof HostRefusal) return 'refused';
    throw error;
  }
}

describe('the route table', () => {
  it.skipIf(rows.length === 0)(
    'answers every row as the real router does (skipped without ../shared/data)',
    () => {
      expect(rows.length).toBeGreaterThan(700);
      const wrong = rows.flatMap((row) => {
        const { set, request, match, params, status } = row;
        const expected =
          row.error === true
            ? 'refused'
            : match === null
              ? { match, status }
              : { match, params: params ?? {} };
        const got = answer(row);
        try {
          expect(got).toEqual(expected);
          return [];
        } catch {
          return [{ set, request, expected, got }];
        }
      });
      expect(wrong).toEqual([]);
    },
  );

  it('tries functions by upper-cased name, so that a parameter can hide a literal', () => {
    const table = makeRouteTable('', [
      { name: 'bList', route: 'products/list', methods: ['GET'] },
      { name: 'aDetails', route: 'products/{id}', methods: ['GET'] },
    ]);
    expect(table('GET', '/products/list')?.route.name).toBe('aDetails');
    expect(table('POST', '/products/list')).toBeUndefined();
  });
});
