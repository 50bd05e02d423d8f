/** What the host refuses to start with, because the real one would answer 503 to everything. */
import { afterEach, describe, expect, it } from 'vitest';
import type { RegisteredFunction } from '../../shared/host/core-types.ts';
import { readHostConfig, readLocalSettings } from '../../shared/host/host-config.ts';
import { checkedHttpFunctions } from '../../shared/host/http-functions.ts';
import { HostRefusal } from '../../shared/host/refusal.ts';
import { makeRouteTable } from '../../shared/host/route-table.ts';
import { cleanUp, writeApp, type AppOptions } from './fixture-app.ts';

function http(name: string, route: string, methods: readonly string[] = ['GET']): RegisteredFunction {
  const bindings = { httpTrigger1: { type: 'httpTrigger', direction: 'in', route, methods } };
  return { metadata: { name, bindings }, callback: () => undefined };
}
const refused = (act: () => unknown, sentence: RegExp): void => {
  expect(act).toThrow(HostRefusal);
  expect(act).toThrow(sentence);
};

describe('routes', () => {
  const inError = (...functions: RegisteredFunction[]): string[] => {
    const told: string[] = [];
    makeRouteTable(
      'api',
      checkedHttpFunctions(functions, (name, why) => told.push(`${name}: ${why}`)),
    );
    return told;
  };

  it('are refused where the real host dies of them', () => {
    refused(() => inError(http('f', '/x')), /must not begin with a slash/);
    refused(() => inError(http('f', 'x/{a')), /braces do not match/);
    refused(() => inError(http('f', 'x/{a:uuid}')), /there is no such constraint/);
  });

  it('leave their function out where the real host does', () => {
    expect(inError(http('f', 'x/{a}'), http('g', 'X/{a}'))).toEqual([
      'g: its route "X/{a}" conflicts with the one of the function "f"',
    ]);
    expect(inError(http('f', 'admin/x'), http('runtimeStatus', ''), http('g', 'x'))).toEqual([
      expect.stringContaining('f: its route "admin/x" conflicts'),
      expect.stringContaining('runtimeStatus: its route "runtimeStatus" conflicts'),
    ]);
  });

  it('may share a text with other methods, or a shape with other names', () => {
    expect(inError(http('f', 'x/{a}'), http('g', 'x/{a}', ['POST']), http('h', 'x/{b}'))).toEqual([]);
  });
});

describe('host.json', () => {
  afterEach(cleanUp);
  const read = (hostJson: AppOptions['hostJson']): ReturnType<typeof readHostConfig> =>
    readHostConfig(writeApp({ code: '', ...(hostJson === undefined ? {} : { hostJson }) }));

  it('is refused when missing, broken or without what it needs', () => {
    refused(() => read(null), /there is no host\.json/);
    refused(() => read('{'), /host\.json cannot be read/);
    refused(() => read({}), /"version": "2\.0"/);
    for (const routePrefix of ['api/', '/api', '/']) {
      refused(
        () => read({ version: '2.0', extensions: { http: { routePrefix } } }),
        /does not begin or end with a slash/,
      );
    }
    refused(() => read({ version: '2.0', functionTimeout: 'soon' }), /is no time span/);
  });

  it('is understood, comments included', () => {
    const config = read(`\uFEFF{ "version": "2.0", // the only one
      "functionTimeout": "00:00:10", "extensions": { "http": { "maxOutstandingRequests": 7, "customHeaders": { "X-A": "/*b*/" } } } }`);
    expect(config).toMatchObject({
      routePrefix: 'api',
      functionTimeoutMs: 10_000,
      requestsMax: 7,
      warnings: [],
    });
    expect(config.customHeaders).toEqual({ 'X-A': '/*b*/' });
    expect(read({ version: '2.0' })).toMatchObject({ functionTimeoutMs: 1_800_000, requestsMax: Infinity });
    for (const functionTimeout of ['-1', '-00:00:01', '30.00:00:00'])
      expect(read({ version: '2.0', functionTimeout }).functionTimeoutMs).toBe(Infinity);
  });

  it('has local.settings.json beside it', () => {
    const folder = writeApp({
      code: '',
      localSettings: { Values: { A: 'x' }, Host: { LocalHttpPort: 7072, CORS: 'a,b' } },
    });
    expect(readLocalSettings(folder)).toEqual({
      values: { A: 'x' },
      port: 7072,
      cors: { origins: ['a', 'b'], allowCredentials: false },
    });
    refused(
      () => readLocalSettings(writeApp({ code: '', localSettings: { IsEncrypted: true } })),
      /is encrypted/,
    );
  });
});
