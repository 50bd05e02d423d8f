/** One account with a plan, a web service and a caller's storage, and the whole API to call about them, in process. */
import { expect } from 'vitest';
import { connectionString, makeWorld, subscriptionId, type World } from '../app/world.ts';
import type { Got, Wish } from './calls.ts';
import { registeredFunctions, serve } from './registered.ts';

const operatorKey = 'operator-key-of-the-tests-0123456789';

export type Api = Awaited<ReturnType<typeof makeApi>>;

export async function makeApi() {
  const world = await makeWorld();
  const { app, service } = world;
  serve(async () => app);
  const { call, timers } = await registeredFunctions();
  const accountKey = app.secrets.key({ kind: 'account', id: subscriptionId }, 'primary', 1);
  const serviceKey = app.secrets.key({ kind: 'service', id: service.serviceId }, 'secondary', 1);
  const psu = `/poolservice/${subscriptionId}`;
  const bes = `/subscriptions/${subscriptionId}/services/${service.serviceId}`;
  const asAccount = (wish: Wish) => call({ key: accountKey, ...wish });
  const asService = (wish: Wish) => call({ key: serviceKey, ...wish });
  const swaggerUrl = () => `https://old.region.example${bes}/swagger.json`;
  const version = 'api-version=2.0';
  return {
    world,
    call,
    timers,
    accountKey,
    serviceKey,
    psu,
    bes,
    swaggerUrl,
    asOperator: (wish: Wish) => call({ key: operatorKey, ...wish }),
    asAccount,
    asService,
    makePool: async (vmCount: number) => {
      const body = { vmCount, swaggerUrl: swaggerUrl() };
      const got = await asAccount({ method: 'POST', path: `${psu}/pools`, body });
      expect(got.status).toBe(201);
      return String(read(got)['poolId']);
    },
    jobBody: (more: object = {}) => jobBody(world, more),
    register: (body: unknown) => asService({ method: 'POST', path: `${bes}/jobs?${version}`, body }),
    start: (jobId: string) => asService({ method: 'POST', path: `${bes}/jobs/${jobId}/start?${version}` }),
    status: (jobId: string) => asService({ path: `${bes}/jobs/${jobId}?${version}` }),
  };
}

function jobBody(world: World, more: object): object {
  const ConnectionString = connectionString(world);
  return {
    Input: { ConnectionString, RelativeLocation: 'inputs/data.csv', BaseLocation: null, SasBlobToken: null },
    Outputs: { output1: { ConnectionString, RelativeLocation: '/outputs/scored é.csv' } },
    GlobalParameters: {},
    ...more,
  };
}

export function read(got: Got): Record<string, unknown> {
  return JSON.parse(got.text) as Record<string, unknown>;
}

export function valuesIn(got: Got): object[] {
  return read(got)['value'] as object[];
}

/** The names of a list, page by page to its end. */
export async function namesByPage(ask: (wish: Wish) => Promise<Got>, list: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let path: string | undefined = list; path !== undefined;) {
    const page: Got = await ask({ path });
    pages.push(valuesIn(page).map((one) => (one as { name: string }).name));
    const { nextLink } = read(page) as { nextLink?: string };
    path = nextLink?.replace('http://127.0.0.1:7071', '');
  }
  return pages;
}

/** A reply that is a JSON string. */
export function textIn(got: Got): string {
  const value: unknown = JSON.parse(got.text);
  if (typeof value !== 'string') throw new Error(`not a JSON string: ${got.text}`);
  return value;
}
