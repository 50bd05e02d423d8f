/**
 * Secrets are planted wherever one can be given, jobs with them succeed, fail, are cancelled and refused; then they are
 * searched for wherever they could have come to: replies, logs, processes, and the files of the storage.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient, AzureNamedKeyCredential } from '@azure/data-tables';
import { BlobSASPermissions } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeNodeSecrets } from '../../shared/storage/node-secrets.ts';
import { censusCsv } from '../../shared/samples/adult-census/census-csv.ts';
import { azuriteAccount } from '../fixtures/azurite.ts';
import { filesIn, findCanaries, processPlaces, type Canary } from './canary.ts';
import {
  childrenOf,
  ended,
  jobBody,
  makePool,
  makeTenant,
  operatorKey,
  putBlob,
  startInstance,
  startJob,
  until,
  type Instance,
  type Reply,
  type Tenant,
} from './instance.ts';

const base64 = (bytes: number) => randomBytes(bytes).toString('base64');
const accountKey = base64(64);
/** Of the same form, and good for nothing. */
const wrongKey = base64(64);
const masterSecret = base64(48);
const secrets = makeNodeSecrets({ masterSecret: Buffer.from(masterSecret, 'base64'), operatorKey });
const subscriptionId = 'ce'.repeat(16);
const folder = mkdtempSync(join(tmpdir(), 'millpond-canary-'));

const sampleModel = join(import.meta.dirname, '../../shared/samples/adult-census/adult-lr.onnx');

let instance: Instance;
let tenant: Tenant;
let poolId: string;
const canaries: Canary[] = [
  { name: 'the account key', secret: accountKey },
  { name: 'a wrong account key', secret: wrongKey },
  { name: 'the master secret', secret: masterSecret },
  { name: "the operator's key", secret: operatorKey },
];
const plant = (name: string, secret: string) => canaries.push({ name, secret });
/** All that callers were told, but for what they had asked for: keys and uploads. */
const replies: { place: string; content: string }[] = [];
const processes: { place: string; content: Buffer }[] = [];
const vmTokens = new Set<string>();
let watch: NodeJS.Timeout;

beforeAll(async () => {
  const started = await startInstance(
    { MILLPOND_MASTER_SECRET: masterSecret },
    { persist: folder, key: accountKey },
  );
  instance = { ...started, call: heard(started.call) };
  watch = setInterval(lookAtProcesses, 100);
  tenant = await makeTenant(instance, subscriptionId);
  for (const slot of ['primary', 'secondary'] as const) {
    plant(`the account's ${slot} key`, secrets.key({ kind: 'account', id: subscriptionId }, slot, 1));
    const id = tenant.servicePath.split('/').at(-1) ?? '';
    plant(`the service's ${slot} key`, secrets.key({ kind: 'service', id }, slot, 1));
  }
  let text = '';
  for await (const chunk of censusCsv({ rows: 20, seed: 7 })) text += chunk;
  await putBlob(instance, 'in.csv', text);
  poolId = await makePool(instance, tenant, 1);
});

afterAll(async () => {
  clearInterval(watch);
  await instance.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What is answered to a call that asks for keys or for a place to upload to is meant to hold them. */
function heard(call: Instance['call']): Instance['call'] {
  return async (method, path, key, body) => {
    const reply: Reply = await call(method, path, key, body);
    const isAskedFor = /listKeys|regenerateKey|uploads/.test(path);
    const place = `the reply to ${method} ${path}`;
    if (!isAskedFor) replies.push({ place, content: `${JSON.stringify([...reply.headers])} ${reply.text}` });
    return reply;
  };
}

/** The host's child and whatever it starts: VMs, and the process that checks a model. */
function lookAtProcesses(): void {
  const host = instance.host().pid;
  for (const [name, pids] of [
    ['the host', [host]],
    ['a VM', childrenOf(host, 'vm/main')],
    ['a model check', childrenOf(host, 'model-check')],
  ] as const) {
    for (const pid of pids) {
      for (const one of processPlaces(name, pid)) {
        processes.push(one);
        const token = /MILLPOND_VM_TOKEN=([^\0]+)/.exec(one.content.toString())?.[1];
        if (token !== undefined && !vmTokens.has(token)) {
          vmTokens.add(token);
          plant('the token of a VM', token);
        }
      }
    }
  }
}

function sasOf(name: string, permissions: string): { token: string } {
  const url = new URL(
    // The library signs with the account's key, as a caller would.
    instance.data.getBlobClient(name).url,
  );
  const token = signed(url.pathname, permissions);
  plant(`the signature of a SAS for ${name}`, new URLSearchParams(token).get('sig') ?? '');
  return { token };
}

/** A service SAS by hand, so that its signature is known. */
function signed(path: string, permissions: string): string {
  const sp = BlobSASPermissions.parse(permissions).toString();
  const se = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const resource = `/blob/${azuriteAccount}/${path.split('/').slice(2).join('/')}`;
  const text = [sp, '', se, resource, '', '', '', '2020-12-06', 'b', '', '', '', '', '', '', ''].join('\n');
  const sig = createHmac('sha256', Buffer.from(accountKey, 'base64')).update(text).digest('base64');
  return `?${new URLSearchParams({ sv: '2020-12-06', sr: 'b', sp, se, sig }).toString()}`;
}

const base = () => instance.azurite.blobUrl.replace(azuriteAccount, '');
const bySas = (name: string, permissions: string) => ({
  BaseLocation: base(),
  RelativeLocation: `${azuriteAccount}/data/${name}`,
  SasBlobToken: sasOf(name, permissions).token,
});

async function run(body: unknown): Promise<string> {
  const status = await ended(instance, tenant, await startJob(instance, tenant, body));
  return status.StatusCode;
}

const register = (body: unknown) =>
  instance.call('POST', `${tenant.servicePath}/jobs?api-version=2.0`, tenant.serviceKey, body);

describe('after jobs that', { shuffle: false }, () => {
  it('succeed, with a connection string and with SAS tokens', async () => {
    expect(await run(jobBody(instance, poolId, 'in.csv', 'out.csv'))).toBe('Finished');
    const body = { Input: bySas('in.csv', 'r'), AzureBatchPoolId: poolId };
    expect(await run(body)).toBe('Finished');
    expect(await run({ ...body, Outputs: { output1: bySas('sas-out.csv', 'rcw') } })).toBe('Finished');
    // What was given for a result is given back with it: it is the only place.
    for (const reply of replies) {
      const given = canaries.find(({ name }) => name.includes('sas-out'));
      reply.content = reply.content.replaceAll(encodeURIComponent(given?.secret ?? '-'), 'GIVEN');
    }
  });

  it('fail and are refused', async () => {
    const wrong = instance.azurite.connectionString.replace(accountKey, wrongKey);
    const refused = await register({
      Input: { ConnectionString: wrong, RelativeLocation: 'data/in.csv' },
      AzureBatchPoolId: poolId,
    });
    const path = `${tenant.servicePath}/jobs/${refused.json as string}`;
    const start = await instance.call('POST', `${path}/start?api-version=2.0`, tenant.serviceKey);
    expect(start.status).toBe(400);
    expect((await ended(instance, tenant, path)).StatusCode).toBe('Failed');
    await putBlob(instance, 'bad.csv', 'a,b\n1,2\n');
    expect(await run(jobBody(instance, poolId, 'bad.csv', 'never.csv'))).toBe('Failed');
    expect(
      await run({ Input: bySas('in.csv', 'r'), Outputs: { output1: bySas('unwritable.csv', 'r') } }),
    ).toBe('Failed');
  });

  it('are cancelled, or never started', async () => {
    const registered = await register({ Input: bySas('in.csv', 'r'), AzureBatchPoolId: poolId });
    const path = `${tenant.servicePath}/jobs/${registered.json as string}`;
    expect((await instance.call('DELETE', path, tenant.serviceKey)).status).toBe(204);
    expect((await register(jobBody(instance, poolId, 'in.csv', 'later.csv'))).status).toBe(200);
  });

  it.each<[string, (key: string, sas: string) => unknown]>([
    ['a key where a pool belongs', (key) => ({ AzureBatchPoolId: key })],
    [
      'a SAS in a location',
      (_, sas) => ({ Input: { BaseLocation: base(), RelativeLocation: `data/in.csv${sas}` } }),
    ],
    [
      'a connection string in a location',
      (key) => ({ Input: { RelativeLocation: `AccountName=x;AccountKey=${key}` } }),
    ],
    ['a connection string for a number', (key) => ({ Input: { ConnectionString: [`AccountKey=${key}`] } })],
    [
      'a key in a suffix',
      (key) => ({
        Input: { ConnectionString: `AccountName=abc;EndpointSuffix=${key}`, RelativeLocation: 'a/b.csv' },
      }),
    ],
    [
      'a key in an endpoint',
      (key) => ({
        Input: {
          ConnectionString: `BlobEndpoint=https://${key}@x.example/;AccountKey=${key}`,
          RelativeLocation: 'a/b.csv',
        },
      }),
    ],
    [
      'a key with something behind it',
      (key) => ({
        Input: { ConnectionString: `AccountName=abc;AccountKey=${key}!`, RelativeLocation: 'a/b.csv' },
      }),
    ],
    [
      'a key for an account name',
      (key) => ({
        Input: { ConnectionString: `AccountName=${key};AccountKey=${key}`, RelativeLocation: 'a/b.csv' },
      }),
    ],
    ['a key as a name', (key) => ({ GlobalParameters: { [key]: '1' } })],
    ['a member named so', (key) => ({ [`AccountKey=${key}`]: 1 })],
    [
      'a SAS for a base',
      (_, sas) => ({
        Input: { BaseLocation: `${base()}${sas}`, RelativeLocation: 'data/in.csv', SasBlobToken: sas },
      }),
    ],
    ['broken JSON', (key) => `{"Input": {"ConnectionString": "AccountKey=${key}`],
  ])('are malformed: %s', async (_, make) => {
    const refused = await register(make(wrongKey, sasOf('in.csv', 'r').token));
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(refused.status).toBeLessThan(500);
  });

  it('come with their key in odd places', async () => {
    const headers = {
      'x-ms-metaanalytics-authorizationtoken': tenant.serviceKey,
      authorization: `Bearer ${tenant.serviceKey}`,
    };
    for (const path of [
      '/nothing',
      `${tenant.servicePath}/jobs`,
      `${tenant.servicePath}/jobs/${tenant.serviceKey}`,
      `/${encodeURIComponent(tenant.serviceKey)}?key=${tenant.serviceKey}`,
    ]) {
      const reply = await fetch(new URL(path, instance.url), { headers });
      replies.push({ place: `the reply to GET ${path.slice(0, 20)}`, content: await reply.text() });
      expect(reply.status).toBeGreaterThanOrEqual(400);
    }
  });

  it('belong to services with a storage account of their own', async () => {
    const arm = tenant.planPath.replace(/commitmentPlans.*/, 'webServices/own');
    await instance.data.getBlockBlobClient('model.onnx').uploadFile(sampleModel);
    const put = (blob: string, key: string) =>
      instance.call('PUT', `${arm}?api-version=2017-01-01`, tenant.accountKey, {
        properties: {
          commitmentPlan: { id: tenant.planPath },
          storageAccount: { name: azuriteAccount, key },
          assets: {
            model: {
              locationInfo: { uri: `${instance.data.url}/${blob}`, credentials: sasOf(blob, 'r').token },
            },
          },
        },
      });
    expect((await put('model.onnx', wrongKey)).status).toBe(400);
    expect((await put('none.onnx', accountKey)).status).toBe(400);
    expect((await put('model.onnx', accountKey)).status).toBe(201);
    expect((await instance.call('GET', arm, tenant.accountKey)).status).toBe(200);
    const keys = await instance.call('GET', `${arm}/listKeys`, tenant.accountKey);
    const { properties } = (await instance.call('GET', arm, tenant.accountKey)).json as {
      properties: { swaggerLocation: string };
    };
    const own: Tenant = {
      ...tenant,
      servicePath: new URL(properties.swaggerLocation).pathname.replace('/swagger.json', ''),
      serviceKey: (keys.json as { primary: string }).primary,
    };
    plant("another service's key", own.serviceKey);
    const body = { Input: bySas('in.csv', 'r'), AzureBatchPoolId: poolId };
    const status = await ended(instance, own, await startJob(instance, own, body));
    expect(status.Results?.['output1']?.RelativeLocation).toContain('experimentoutput');
  });

  describe('nothing of all that is', { shuffle: false }, () => {
    it('in a row of a job that is final, and its row is gone', async () => {
      const table = new TableClient(
        instance.azurite.tableUrl,
        'millpondpools',
        new AzureNamedKeyCredential(azuriteAccount, accountKey),
        { allowInsecureConnection: true },
      );
      const kinds = new Map<string, string>();
      const specs: string[] = [];
      for await (const row of table.listEntities()) {
        const [kind, id = ''] = (row.rowKey ?? '').split('|');
        if (kind === 'spec') specs.push(id);
        if (kind === 'job') kinds.set(id, (JSON.parse(String(row['body'])) as { kind: string }).kind);
      }
      const open = [...kinds].filter(([, state]) => state === 'registered').map(([id]) => id);
      expect(kinds.size).toBeGreaterThan(6);
      expect(specs.toSorted()).toEqual(open.toSorted());
    });

    it('in a reply, but for keys and uploads that were asked for', () => {
      expect(replies.length).toBeGreaterThan(30);
      expect(findCanaries(canaries, replies)).toEqual([]);
    });

    it('in a log', () => {
      expect(instance.log.length).toBeGreaterThan(30);
      const lines = instance.log.map((content, at) => ({
        place: `line ${at} of the log: ${content.slice(0, 60)}`,
        content,
      }));
      expect(findCanaries(canaries, lines)).toEqual([]);
    });

    it("in a process's arguments or environment, but for its own necessary secrets", () => {
      const names = new Set(processes.map(({ place }) => place));
      expect([...names].toSorted()).toEqual([
        'cmdline of a VM',
        'cmdline of a model check',
        'cmdline of the host',
        'environ of a VM',
        'environ of a model check',
        'environ of the host',
      ]);
      expect(vmTokens.size).toBeGreaterThan(0);
      // The host's settings hold its storage's key and its own two; a VM's hold its token, and no other's.
      const own = ['the account key', 'the master secret', "the operator's key"].map(
        (name) => `${name} in environ of the host`,
      );
      const found = [...new Set(findCanaries(canaries, processes))].toSorted();
      expect(found).toEqual([...own, 'the token of a VM in environ of a VM'].toSorted());
      for (const { place, content } of processes) {
        const tokens = [...vmTokens].filter((token) => content.includes(token));
        expect(tokens.length, place).toBeLessThanOrEqual(1);
      }
    });

    it("in the storage's own files, while it runs and after it", async () => {
      // It writes its files every few seconds.
      await until(
        async () => (filesIn(folder).some(({ content }) => content.includes('spec|')) ? true : undefined),
        'the rows in the files',
      );
      expect(findCanaries(canaries, filesIn(folder))).toEqual([]);
      await instance.azurite.stop();
      const files = filesIn(folder);
      expect(files.length).toBeGreaterThan(4);
      expect(findCanaries(canaries, files)).toEqual([]);
    });
  });
});
