/** Routes are tried in alphabetical order of function names, and the first match wins: so none may overlap another. */
import { expect, test } from 'vitest';
import { registeredFunctions } from './registered.ts';

const { routes, timers } = await registeredFunctions();
const own = routes.filter((one) => one.name !== 'zzFallback');

/** Whether some path fits both: literals must differ somewhere, in any case. */
function overlap(a: string, b: string): boolean {
  const [left, right] = [a.toLowerCase().split('/'), b.toLowerCase().split('/')];
  const isFree = (segment: string) => segment.startsWith('{');
  return (
    left.length === right.length &&
    left.every((one, index) => {
      const other = right[index] ?? '';
      return one === other || isFree(one) || isFree(other);
    })
  );
}

test('the test of overlap finds what the router would mix up', () => {
  expect(overlap('products/{id}', 'products/list')).toBe(true);
  expect(overlap('products/{id}', 'Products/{name}')).toBe(true);
  expect(overlap('products/{id}/vms', 'products/{id}/jobs')).toBe(false);
});

test('no two routes overlap', () => {
  const pairs = own.flatMap((a, index) => own.slice(index + 1).map((b) => [a, b] as const));
  expect(pairs.length).toBeGreaterThan(300);
  expect(pairs.filter(([a, b]) => overlap(a.route, b.route))).toEqual([]);
});

test('no route takes the host down: slashes, reserved beginnings, constraints', () => {
  for (const { route } of own) {
    expect(route).toMatch(/^(?!admin|runtime)[A-Za-z]/);
    expect(route).toMatch(/^(?:(?:\w|[.-])+|\{\w+\})(?:\/(?:(?:\w|[.-])+|\{\w+\}))*$/);
  }
});

test('the fallback is the last of all and takes every method that the host can answer', () => {
  const last = routes
    .map((one) => one.name.toUpperCase())
    .sort()
    .at(-1);
  expect(last).toBe('ZZFALLBACK');
  const fallback = routes.find((one) => one.name === 'zzFallback');
  expect(fallback?.route).toBe('{*rest}');
  expect(fallback?.methods).toEqual(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']);
});

test('the timer follows the setting', () => {
  expect(timers.get('tick')?.schedule).toBe('%TICK_SCHEDULE%');
});
