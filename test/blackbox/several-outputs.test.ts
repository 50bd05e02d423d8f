/**
 * A web service with two outputs, through the whole of it: each in its own place, and a VM that dies between the two.
 */
import { BlobSASPermissions } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { censusCsv } from '../../shared/samples/adult-census/census-csv.ts';
import { startBlobProxy, type Action, type BlobProxy } from '../vm/blob-proxy.ts';
import {
  blobText,
  ended,
  makePool,
  makeTenant,
  putBlob,
  startInstance,
  startJob,
  type Instance,
  type Status,
  type Tenant,
} from './instance.ts';
import { startedVms } from './log-lines.ts';

let storage: BlobProxy;
let instance: Instance;
let tenant: Tenant;
let poolId: string;

beforeAll(async () => {
  storage = await startBlobProxy();
  instance = await startInstance(({ connectionString, blobUrl }) => {
    const behind = connectionString.replace(blobUrl, storage.through(blobUrl));
    return { AzureWebJobsStorage: behind, MILLPOND_STORAGE: behind, MILLPOND_VM_HOLD_S: '1' };
  });
  tenant = await makeTenant(instance, 'd2'.repeat(16), {
    package: {
      nodes: {
        input1: { inputId: 'input1' },
        score: { assetId: 'model' },
        scored: { outputId: 'scored' },
        copy: { outputId: 'copy' },
      },
      edges: [
        { sourceNodeId: 'input1', targetNodeId: 'score' },
        { sourceNodeId: 'score', targetNodeId: 'scored' },
        { sourceNodeId: 'score', targetNodeId: 'copy' },
      ],
    },
  });
  poolId = await makePool(instance, tenant, 2);
  let text = '';
  for await (const chunk of censusCsv({ rows: 10, seed: 1 })) text += chunk;
  await putBlob(instance, 'ten.csv', text);
});
afterAll(async () => {
  await instance?.stop();
  await storage?.close();
});

const byKey = (name: string) => ({
  ConnectionString: instance.azurite.connectionString.replace(
    instance.azurite.blobUrl,
    storage.through(instance.azurite.blobUrl),
  ),
  RelativeLocation: `data/${name}`,
});

async function bySas(name: string) {
  const url = await instance.data.getBlockBlobClient(name).generateSasUrl({
    permissions: BlobSASPermissions.parse('rcw'),
    expiresOn: new Date(Date.now() + 3_600_000),
  });
  return {
    BaseLocation: `${storage.through(instance.azurite.blobUrl)}/`,
    RelativeLocation: `data/${name}`,
    SasBlobToken: new URL(url).search,
  };
}

const start = (Outputs: object) =>
  startJob(instance, tenant, { Input: byKey('ten.csv'), Outputs, AzureBatchPoolId: poolId });

async function results(status: Status): Promise<Record<string, { relative: string; text: string }>> {
  const read = Object.entries(status.Results ?? {}).map(async ([name, result]) => {
    const url = result.BaseLocation + result.RelativeLocation + result.SasBlobToken;
    const response = await fetch(url);
    expect(response.status).toBe(200);
    return [name, { relative: result.RelativeLocation, text: await response.text() }] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

function expectScored(text: string | undefined): void {
  expect(text?.split('\n')).toHaveLength(12);
  expect(text).toMatch(/^.*,Scored Labels,Scored Probabilities\n/);
}

it('each named or not, by key or by SAS: the scored rows in each, and each in the results', async () => {
  const both = await ended(
    instance,
    tenant,
    await start({ copy: await bySas('by-sas.csv'), scored: byKey('by-key.csv') }),
  );
  expect(both).toMatchObject({ StatusCode: 'Finished', Attempt: 1 });
  const named = await results(both);
  expect(Object.keys(named).toSorted()).toEqual(['copy', 'scored']);
  expect(named).toMatchObject({
    copy: { relative: 'data/by-sas.csv' },
    scored: { relative: 'data/by-key.csv' },
  });
  const one = await results(await ended(instance, tenant, await start({ copy: byKey('one.csv') })));
  expect(one['scored']?.relative).toMatch(/^millpond-results\/\d{6}\/\w+\/scored\.csv$/);
  for (const { text } of [...Object.values(named), ...Object.values(one)]) {
    expectScored(text);
    expect(text).toBe(named['scored']?.text);
  }
});

it('a VM that is killed between the two commits: the next one finds the mark of the first and writes the second', async () => {
  const vms = startedVms(instance.log);
  let killed: string | undefined;
  storage.rule(async ({ comp, blob, nth }): Promise<Action> => {
    if (comp !== 'blocklist' || blob !== 'second.csv' || nth > 1) return 'pass';
    const jobs = await instance.call(
      'GET',
      `${tenant.pools}/${poolId}/jobs?status=Running`,
      tenant.accountKey,
    );
    killed = (jobs.json as { value: { vmId: string }[] }).value[0]?.vmId;
    process.kill(vms.get(killed ?? '') ?? Number.NaN, 'SIGKILL');
    return 'cut';
  });
  const status = await ended(
    instance,
    tenant,
    await start({ scored: byKey('first.csv'), copy: byKey('second.csv') }),
  );
  expect(status).toMatchObject({ StatusCode: 'Finished', Attempt: 2, RowsDone: 10 });
  expect(status.VmId).not.toBe(killed);
  const marks = ['first.csv', 'second.csv'].map(
    async (name) => (await instance.data.getBlobClient(name).getProperties()).metadata?.['millpondattempt'],
  );
  expect(await Promise.all(marks)).toEqual(['1', '2']);
  const commits = storage.seen.filter(({ comp, blob }) => comp === 'blocklist' && blob === 'first.csv');
  expect(commits).toHaveLength(1);
  for (const name of ['first.csv', 'second.csv']) expectScored(await blobText(instance, name));
});
