/** The app's functions as a host sees them: the real library registers them, the host's own route table finds them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpHandler, InvocationContext } from '@azure/functions';
import { vi } from 'vitest';
import type { App } from '../../shared/app/ports.ts';
import { installFunctionsCore } from '../../shared/host/functions-core.ts';
import { encodePath, parseTarget } from '../../shared/host/request-target.ts';
import { makeRouteTable, type HttpRoute } from '../../shared/host/route-table.ts';
import { openApiDocument } from '../../shared/http/openapi/document.ts';
import { declared } from '../../shared/http/operation.ts';
import { send, type Got, type Wish } from './calls.ts';
import { makeContract } from './contract.ts';

/** All entry files but the one that has only hooks. */
const entries = readdirSync(join(import.meta.dirname, '../../functions')).filter(
  (name) => name !== 'lifecycle.ts',
);

type TimerRun = (context: InvocationContext) => Promise<unknown>;

export type Registered = {
  readonly routes: readonly (HttpRoute & { readonly route: string; readonly methods: readonly string[] })[];
  /** What the library calls, by function name. */
  readonly handlers: ReadonlyMap<string, HttpHandler>;
  readonly timers: ReadonlyMap<string, { readonly schedule: unknown; readonly run: TimerRun }>;
  /** Through the route table to the function and back. The reply is held to the OpenAPI document. */
  readonly call: (wish: Wish) => Promise<Got>;
};

let load: () => Promise<App> = () => Promise.reject(new Error('the test serves no app'));

/** What the functions load instead of the app of this process's settings. */
export function serve(loadApp: () => Promise<App>): void {
  load = loadApp;
}

let registered: Promise<Registered> | undefined;

/** Once per process: functions are registered when their files are imported. */
export function registeredFunctions(): Promise<Registered> {
  registered ??= register();
  return registered;
}

async function register(): Promise<Registered> {
  vi.doMock('../../shared/compose.ts', () => ({ loadApp: () => load() }));
  const core = installFunctionsCore(Object.assign(() => undefined, { flush: () => undefined }));
  for (const entry of entries) await import(`../../functions/${entry.replace('.ts', '')}.ts`);
  const routes: Registered['routes'][number][] = [];
  const timers = new Map<string, { schedule: unknown; run: TimerRun }>();
  const handlers = new Map<string, HttpHandler>();
  for (const [name, { metadata, callback }] of core.functions) {
    for (const binding of Object.values(metadata.bindings)) {
      if (binding.type === 'httpTrigger') {
        routes.push({ name, route: String(binding['route']), methods: binding['methods'] as string[] });
        handlers.set(name, callback as HttpHandler);
      }
      if (binding.type === 'timerTrigger') {
        timers.set(name, {
          schedule: binding['schedule'],
          run: (context) => Promise.resolve(callback({}, context)),
        });
      }
    }
  }
  const table = makeRouteTable('', routes);
  const check = makeContract(openApiDocument(declared));
  const call = async (wish: Wish) => {
    const target = parseTarget(wish.path ?? '/');
    const match = target && table(wish.method ?? 'GET', target.path);
    const handler = handlers.get(match?.route.name ?? '');
    if (target === undefined || handler === undefined)
      throw new Error(`no function takes ${wish.method} ${wish.path}`);
    const got = await send(handler, { ...wish, path: encodePath(target.path) + target.query });
    check({ method: wish.method ?? 'GET', path: wish.path ?? '/', ...got });
    return got;
  };
  return { routes, handlers, timers, call };
}
