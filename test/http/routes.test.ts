/** Routes are tried in alphabetical order of function names, and the first match wins: so none may overlap another. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { App } from '../../shared/app/ports.ts';
import { requestId, requestOf, send } from './calls.ts';
import { registeredFunctions, serve } from './registered.ts';

const root = join(import.meta.dirname, '../..');
const { routes, handlers, timers } = await registeredFunctions();
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
  for (const { name, route } of own) {
    expect(name).toMatch(/^(?!admin|runtime)[a-z]\w*$/i);
    expect(route).toMatch(/^(?!admin|runtime)[A-Za-z]/);
    expect(route).toMatch(/^(?:(?:\w|[.-])+|\{\w+\})(?:\/(?:(?:\w|[.-])+|\{\w+\}))*$/);
  }
});

test('every function answers, whatever happens to it, and reads no params that the library made', async () => {
  const faults: (() => Promise<App>)[] = [
    () => Promise.reject(new Error('no app')),
    () => Promise.resolve({} as App),
  ];
  for (const { name, route, methods } of routes) {
    const handler = handlers.get(name);
    if (handler === undefined) throw new Error(`"${name}" has no handler`);
    for (const method of methods) {
      for (const fault of faults) {
        serve(fault);
        const path = `/${route.replaceAll(/\{\*?(\w+)\}/g, '$1')}`;
        const request = requestOf({ method, path, key: 'a-key-of-nobody' });
        const isRead: string[] = [];
        Object.defineProperty(request, 'params', { get: () => void isRead.push(name) });
        const got = await send(handler, request);
        expect(got.status, `${method} ${path}`).toBeGreaterThanOrEqual(200);
        expect(got.headers.get('x-ms-request-id')).toBe(requestId);
        expect(isRead).toEqual([]);
      }
    }
  }
});

test('functions are registered in one place alone, the wrapper', () => {
  const sources = globSync(['functions/**/*.ts', 'shared/**/*.ts'], { cwd: root });
  expect(sources.length).toBeGreaterThan(200);
  const found = sources.filter(
    (path) =>
      !path.startsWith(join('shared', 'host')) &&
      /\b(?:app|functions)\.(?:http|get|post|put|patch|deleteRequest|generic)\(/.test(
        readFileSync(join(root, path), 'utf8'),
      ),
  );
  expect(found).toEqual([join('shared', 'http', 'endpoint.ts')]);
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
