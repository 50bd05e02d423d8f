/** A whole Millpond for a test file: Azurite, the embedded host and its VMs, on free ports, gone after `stop`. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { BlobServiceClient, StorageSharedKeyCredential, type ContainerClient } from '@azure/storage-blob';
import { freePort } from '../../shared/cli/free-port.ts';
import { startHost, type RunningHost } from '../../shared/host/supervisor.ts';
import { makeContract, type Answered } from '../http/contract.ts';
import { azuriteAccount, azuriteKey, startAzurite, type Azurite } from '../fixtures/azurite.ts';

const lookEveryMs = 15;
const root = join(import.meta.dirname, '../..');
export const operatorKey = 'operator-key-of-the-black-box-tests-000';

export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
};

export type Instance = {
  readonly url: string;
  readonly azurite: Azurite;
  /** A container of a caller's: on the emulator callers share the account. */
  readonly data: ContainerClient;
  readonly host: () => RunningHost;
  readonly log: readonly string[];
  call(method: string, path: string, key: string | undefined, body?: unknown): Promise<Reply>;
  /** Ends the host and starts it anew on the same storage and port. */
  restart(meanwhile?: () => Promise<unknown>): Promise<void>;
  stop(): Promise<void>;
};

/** @param wanted settings beside the usual ones, or what makes them once the storage is known */
export async function startInstance(
  wanted: Record<string, string> | ((azurite: Azurite) => Record<string, string>) = {},
  storage: Parameters<typeof startAzurite>[0] = {},
): Promise<Instance> {
  const azurite = await startAzurite(storage);
  const env = typeof wanted === 'function' ? wanted(azurite) : wanted;
  const port = await freePort();
  const log: string[] = [];
  const start = () =>
    startHost({
      scriptRoot: root,
      port,
      log: (line) => log.push(line),
      env: { ...settings(azurite, port), ...env },
    });
  let host = await start();
  const credential = new StorageSharedKeyCredential(azuriteAccount, storage.key ?? azuriteKey);
  const data = new BlobServiceClient(azurite.blobUrl, credential).getContainerClient('data');
  await data.create();
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    azurite,
    data,
    log,
    host: () => host,
    call: (method, path, key, body) => call(url, method, path, key, body),
    restart: async (meanwhile) => {
      await host.stop();
      await meanwhile?.();
      host = await start();
    },
    stop: async () => {
      await host.stop();
      await azurite.stop();
    },
  };
}

function settings(azurite: Azurite, port: number): Record<string, string> {
  return {
    AzureWebJobsDisableHomepage: 'true',
    AzureWebJobsStorage: azurite.connectionString,
    MILLPOND_STORAGE: azurite.connectionString,
    MILLPOND_PUBLIC_URL: `http://127.0.0.1:${port}`,
    MILLPOND_OPERATOR_KEY: operatorKey,
    MILLPOND_MASTER_SECRET: Buffer.alloc(32, 9).toString('base64'),
    MILLPOND_DISPATCH: 'at-once',
    // Once a year: what is seen here needs no tick, unless a test asks for one.
    TICK_SCHEDULE: '0 0 0 1 1 *',
  };
}

/** Another host on an instance's storage, with a supervisor of its own that can be killed. */
export type SecondHost = Pick<Instance, 'call' | 'log'> & {
  /** Of the child, whose children the VMs are. */
  readonly pid: () => number;
  /** The whole host at once, as by a power cut. */
  kill(): Promise<void>;
  stop(): Promise<void>;
};

export async function startSecondHost(
  { azurite }: Instance,
  env: Record<string, string> = {},
): Promise<SecondHost> {
  const port = await freePort();
  const program = join(root, 'dist/shared/host/main.js');
  const supervisor = spawn(process.execPath, [program, 'start', '--script-root', root, '--port', `${port}`], {
    env: { ...process.env, ...settings(azurite, port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killWithUs = () => supervisor.kill('SIGKILL');
  process.once('exit', killWithUs);
  const log: string[] = [];
  for (const stream of [supervisor.stdout, supervisor.stderr])
    createInterface({ input: stream }).on('line', (line) => log.push(line));
  const exited = once(supervisor, 'exit').then(() => process.off('exit', killWithUs));
  const url = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (supervisor.exitCode !== null) throw new Error(`the second host did not start: ${log.join('\n')}`);
    const reply = await call(url, 'GET', '/health', undefined).catch(() => undefined);
    return reply?.status === 200 ? true : undefined;
  }, 'the second host');
  const pid = () => childrenOf(supervisor.pid ?? 0, 'host/child')[0] ?? 0;
  return {
    call: (method, path, key, body) => call(url, method, path, key, body),
    log,
    pid,
    kill: async () => {
      const child = pid();
      supervisor.kill('SIGKILL');
      process.kill(child, 'SIGKILL');
      await exited;
    },
    stop: async () => {
      supervisor.kill('SIGTERM');
      await exited;
    },
  };
}

/** Processes with this parent and this program. */
export function childrenOf(parent: number, program: string): number[] {
  const table = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' });
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid, ...args]) => Number(ppid) === parent && args.join(' ').includes(program))
    .map(([pid]) => Number(pid));
}

async function call(
  base: string,
  method: string,
  path: string,
  key: string | undefined,
  body?: unknown,
): Promise<Reply> {
  const response = await fetch(new URL(path, base), {
    method,
    headers: {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    signal: AbortSignal.timeout(60_000),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const { status, headers } = response;
  (await contractOf(base))({ method, path, status, headers, text });
  return { status, headers, text, json: jsonOf(text) };
}

let contract: Promise<(answered: Answered) => void> | undefined;

/** Every reply is held to the document that the service gives out: the same from every instance. */
function contractOf(base: string): Promise<(answered: Answered) => void> {
  contract ??= (async () => {
    const response = await fetch(new URL('/openapi.json', base), { signal: AbortSignal.timeout(60_000) });
    return makeContract((await response.json()) as object);
  })();
  return contract;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a tenant has once everything is set up. */
export type Tenant = {
  readonly subscriptionId: string;
  readonly accountKey: string;
  /** Path of the pool service. */
  readonly pools: string;
  readonly servicePath: string;
  readonly serviceKey: string;
  readonly swaggerUrl: string;
  readonly planPath: string;
};

const model = readFileSync(join(root, 'shared/samples/adult-census/adult-lr.onnx'));

/** @param more properties of its web service */
export async function makeTenant(
  instance: Instance,
  subscriptionId: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Tenant> {
  const must = async (method: string, path: string, key: string, body?: unknown) => {
    const reply = await instance.call(method, path, key, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.json as Record<string, never>;
  };
  await must('PUT', `/operator/accounts/${subscriptionId}`, operatorKey, { maxPools: 5, maxVmsPerPool: 4 });
  const { primary: accountKey } = (await must(
    'POST',
    `/operator/accounts/${subscriptionId}/listKeys`,
    operatorKey,
  )) as unknown as { primary: string };
  const group = `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.MachineLearning`;
  const planPath = `${group}/commitmentPlans/s1`;
  await must('PUT', `${planPath}?api-version=2016-05-01-preview`, accountKey, {
    location: 'local',
    sku: { name: 'S1', tier: 'Standard', capacity: 1 },
  });
  const upload = (await must('POST', `/subscriptions/${subscriptionId}/uploads`, accountKey, {
    name: 'model.onnx',
  })) as unknown as {
    UploadUrl: string;
    Input: { BaseLocation: string; RelativeLocation: string; SasBlobToken: string };
  };
  const put = await fetch(upload.UploadUrl, {
    method: 'PUT',
    headers: { 'x-ms-blob-type': 'BlockBlob' },
    body: model,
  });
  if (!put.ok) throw new Error(`upload: ${put.status}`);
  const servicePath = `${group}/webServices/adult`;
  const made = (await must('PUT', `${servicePath}?api-version=2017-01-01`, accountKey, {
    location: 'local',
    properties: {
      title: 'Adult income',
      packageType: 'Graph',
      commitmentPlan: { id: planPath },
      assets: {
        model: {
          name: 'adult',
          type: 'Module',
          locationInfo: {
            uri: upload.Input.BaseLocation + upload.Input.RelativeLocation,
            credentials: upload.Input.SasBlobToken,
          },
        },
      },
      ...more,
    },
  })) as unknown as { properties: { swaggerLocation: string; provisioningState: string } };
  const swaggerUrl = made.properties.swaggerLocation;
  const { primary: serviceKey } = (await must(
    'GET',
    `${servicePath}/listKeys?api-version=2017-01-01`,
    accountKey,
  )) as unknown as { primary: string };
  return {
    subscriptionId,
    accountKey,
    pools: `/poolservice/${subscriptionId}/pools`,
    servicePath: new URL(swaggerUrl).pathname.replace('/swagger.json', ''),
    serviceKey,
    swaggerUrl,
    planPath,
  };
}

export type Status = {
  readonly StatusCode: 'NotStarted' | 'Running' | 'Finished' | 'Failed' | 'Cancelled';
  readonly Results: Record<
    string,
    { BaseLocation: string; RelativeLocation: string; SasBlobToken: string }
  > | null;
  readonly Details: string | null;
  readonly RowsDone?: number;
  readonly Attempt?: number;
  readonly VmId?: string;
};

export async function makePool(instance: Instance, tenant: Tenant, vmCount: number): Promise<string> {
  const made = await instance.call('POST', tenant.pools, tenant.accountKey, {
    vmCount,
    swaggerUrl: tenant.swaggerUrl,
  });
  if (made.status !== 201) throw new Error(made.text);
  const { poolId } = made.json as { poolId: string };
  await until(
    async () => ((await poolOf(instance, tenant, poolId)).vms.idle === vmCount ? true : undefined),
    `${vmCount} idle VMs`,
  );
  return poolId;
}

export type PoolView = {
  readonly state: string;
  readonly vms: Record<'provisioning' | 'idle' | 'busy' | 'draining' | 'failed', number>;
};

export async function poolOf(instance: Instance, tenant: Tenant, poolId: string): Promise<PoolView> {
  return (await instance.call('GET', `${tenant.pools}/${poolId}`, tenant.accountKey)).json as PoolView;
}

export function jobBody(
  instance: Instance,
  poolId: string | undefined,
  input: string,
  output: string,
): Record<string, unknown> {
  const ConnectionString = instance.azurite.connectionString;
  return {
    Input: { ConnectionString, RelativeLocation: `data/${input}` },
    Outputs: { output1: { ConnectionString, RelativeLocation: `/data/${output}` } },
    GlobalParameters: {},
    ...(poolId === undefined ? {} : { AzureBatchPoolId: poolId }),
  };
}

/** Registers and starts a job; gives its path. */
export async function startJob(
  instance: Pick<Instance, 'call'>,
  tenant: Tenant,
  body: unknown,
): Promise<string> {
  const registered = await instance.call(
    'POST',
    `${tenant.servicePath}/jobs?api-version=2.0`,
    tenant.serviceKey,
    body,
  );
  if (registered.status !== 200) throw new Error(registered.text);
  const path = `${tenant.servicePath}/jobs/${registered.json as string}`;
  const started = await instance.call('POST', `${path}/start?api-version=2.0`, tenant.serviceKey);
  if (started.status !== 200) throw new Error(started.text);
  return path;
}

export async function statusOf(
  instance: Pick<Instance, 'call'>,
  tenant: Tenant,
  path: string,
): Promise<Status> {
  return (await instance.call('GET', `${path}?api-version=2.0`, tenant.serviceKey)).json as Status;
}

export async function ended(
  instance: Pick<Instance, 'call'>,
  tenant: Tenant,
  path: string,
  everyMs = lookEveryMs,
): Promise<Status> {
  const look = async () => {
    const status = await statusOf(instance, tenant, path);
    return status.StatusCode === 'NotStarted' || status.StatusCode === 'Running' ? undefined : status;
  };
  return until(look, `the end of ${path}`, { everyMs });
}

/** Looks again and again until there is something. */
export async function until<T>(
  look: () => Promise<T | undefined>,
  what: string,
  { ms = 60_000, everyMs = lookEveryMs } = {},
): Promise<T> {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(everyMs);
  }
  throw new Error(`waited ${ms} ms for ${what}`);
}

export async function blobText(instance: Instance, name: string): Promise<string> {
  return (await instance.data.getBlobClient(name).downloadToBuffer()).toString();
}

export async function putBlob(instance: Instance, name: string, text: string): Promise<void> {
  await instance.data.getBlockBlobClient(name).upload(text, Buffer.byteLength(text));
}
