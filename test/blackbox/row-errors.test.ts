/**
 * Rows that cannot be scored, through the whole service: policies, the error file as the status names it, and the
 * rerun.
 */
import { BlobSASPermissions } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'csv-parse/sync';
import { censusCsv } from '../../shared/samples/adult-census/census-csv.ts';
import {
  blobText,
  ended,
  jobBody,
  makePool,
  makeTenant,
  putBlob,
  startInstance,
  startJob,
  type Instance,
  type Status,
  type Tenant,
} from './instance.ts';

type File = { BaseLocation: string; RelativeLocation: string; SasBlobToken: string };
type Found = Status & {
  Errors: (File & { Count: number; ByReason: Record<string, number> }) | null;
  UnseenCategories: { Count: number; ByColumn: Record<string, number> } | null;
  Reason: string | null;
};

const rows = 3_000;
let instance: Instance;
let tenant: Tenant;
let poolId: string;
let lines: string[];
const isBad = (row: number) => row % 100 === 7;

beforeAll(async () => {
  instance = await startInstance();
  tenant = await makeTenant(instance, 'e0'.repeat(16));
  poolId = await makePool(instance, tenant, 1);
  let text = '';
  for await (const part of censusCsv({ rows, seed: 5 })) text += part;
  lines = text.split('\n').slice(0, rows + 1);
  const spoilt = lines.map((line, i) => {
    const [age, workclass, ...rest] = line.split(',');
    if (i > 0 && isBad(i)) return ['unknown', workclass, ...rest].join(',');
    return i > 0 && i % 1_000 === 1 ? [age, 'Martian', ...rest].join(',') : line;
  });
  await putBlob(instance, 'spoilt.csv', `${spoilt.join('\n')}\n`);
});
afterAll(() => instance.stop());

async function run(
  output: string,
  GlobalParameters: Record<string, unknown>,
): Promise<Found & { path: string }> {
  const body = { ...jobBody(instance, poolId, 'spoilt.csv', output), GlobalParameters };
  const path = await startJob(instance, tenant, body);
  return { ...((await ended(instance, tenant, path)) as Found), path };
}

/** As a client would: the three texts joined. */
async function textOf({ BaseLocation, RelativeLocation, SasBlobToken }: File): Promise<string> {
  const response = await fetch(BaseLocation + RelativeLocation + SasBlobToken);
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return response.text();
}

it('skip and blank account for every row, and one call scores the corrected ones', async () => {
  const skipped = await run('skipped.csv', {
    'millpond.rowErrors': 'skip',
    'millpond.maxRowErrorShare': '0.01',
  });
  expect(skipped).toMatchObject({
    StatusCode: 'Finished',
    RowsDone: rows,
    Errors: {
      Count: 30,
      ByReason: { 'expected a number': 30 },
      RelativeLocation: 'data/skipped.csv.errors.csv',
    },
    UnseenCategories: { Count: 3, ByColumn: { workclass: 3 } },
  });
  expect(Object.keys(skipped.Results ?? {})).toEqual(['output1']);
  const output = parse<Record<string, string>>(await blobText(instance, 'skipped.csv'), { columns: true });
  expect(output).toHaveLength(rows - 30);
  const errors = await textOf(skipped.Errors ?? { BaseLocation: '', RelativeLocation: '', SasBlobToken: '' });
  const filed = parse(errors, { from: 2 });
  expect(filed.map((fields) => Number(fields[2]))).toEqual(Array.from({ length: 30 }, (_, i) => i * 100 + 7));
  expect(filed[0]?.slice(0, 6)).toEqual(['spoilt.csv', '8', '7', 'age', 'unknown', 'expected a number']);

  const blank = await run('blank.csv', { 'millpond.rowErrors': 'blank' });
  expect(blank.Errors?.Count).toBe(30);
  const kept = parse<Record<string, string>>(await blobText(instance, 'blank.csv'), { columns: true });
  expect(kept.map((row) => row['Scored Labels'] === '')).toEqual(kept.map((_, i) => isBad(i + 1)));
  expect(kept).toHaveLength(rows);

  await putBlob(instance, 'fixed.csv', errors.replaceAll('"unknown,', '"40,'));
  const { Input, Outputs } = jobBody(instance, poolId, 'fixed.csv', 'rerun.csv');
  const url = `${skipped.path}/rerun?api-version=2.0`;
  const again = await instance.call('POST', url, tenant.serviceKey, {
    Input,
    Outputs,
    AzureBatchPoolId: poolId,
  });
  expect([again.status, again.headers.get('content-type')]).toEqual([200, 'application/json']);
  const rerun = await ended(instance, tenant, `${tenant.servicePath}/jobs/${again.json as string}`);
  expect(rerun).toMatchObject({ StatusCode: 'Finished', RowsDone: 30, Errors: null });
  const scored = parse(await blobText(instance, 'rerun.csv'), { from: 2 });
  const expected = Array.from({ length: 30 }, (_, i) => parse(lines[i * 100 + 7] ?? '')[0]?.slice(1));
  expect(scored.map((fields) => fields.slice(1, -2))).toEqual(expected);

  // Without Input: the file is read where it lies, with what the service kept.
  const bare = await instance.call('POST', url, tenant.serviceKey, {
    Outputs: jobBody(instance, poolId, '', 'bare.csv')['Outputs'],
    GlobalParameters: { 'millpond.rowErrors': 'skip' },
    AzureBatchPoolId: poolId,
  });
  const still = await ended(instance, tenant, `${tenant.servicePath}/jobs/${bare.json as string}`);
  expect(still).toMatchObject({ StatusCode: 'Finished', RowsDone: 30, Errors: { Count: 30 } });
});

it('fail and limits end the job, with what was found until then', async () => {
  const failed = await run('failed.csv', {});
  expect(failed).toMatchObject({
    StatusCode: 'Failed',
    Results: null,
    Details: `spoilt.csv line 8 (row 7), column 'age': expected a number, found "unknown".`,
    Errors: { Count: 1 },
  });
  const limited = await run('limited.csv', { 'millpond.rowErrors': 'skip', 'millpond.maxRowErrors': 12 });
  expect(limited).toMatchObject({ StatusCode: 'Failed', Errors: { Count: 13 } });
  expect(limited.Details).toContain(
    '13 rows cannot be scored (13 expected a number), and "millpond.maxRowErrors" allows 12.',
  );
  expect(parse(await textOf(limited.Errors as File))).toHaveLength(14);
  expect(await instance.data.getBlobClient('limited.csv').exists()).toBe(false);
});

it('an output by a SAS of its own has its error file with the service, which names it', async () => {
  const SasBlobToken = new URL(
    await instance.data.getBlobClient('own.csv').generateSasUrl({
      permissions: BlobSASPermissions.parse('rcw'),
      expiresOn: new Date(Date.now() + 3_600_000),
    }),
  ).search;
  const body = jobBody(instance, poolId, 'spoilt.csv', 'own.csv');
  const BaseLocation = `${instance.azurite.blobUrl}/`;
  const path = await startJob(instance, tenant, {
    ...body,
    Outputs: { output1: { BaseLocation, RelativeLocation: 'data/own.csv', SasBlobToken } },
    GlobalParameters: { 'millpond.rowErrors': 'skip' },
  });
  const status = (await ended(instance, tenant, path)) as Found;
  expect(status.Errors?.RelativeLocation).toMatch(
    /^millpond-results\/\d{6}\/[0-9a-f]{32}\/output1\.errors\.csv$/,
  );
  expect(parse(await textOf(status.Errors as File))).toHaveLength(31);
});

it("a web service's own parameters may not begin as Millpond's do", async () => {
  const name = tenant.planPath.replace(/commitmentPlans.*/, 'webServices/other?api-version=2017-01-01');
  const refused = await instance.call('PUT', name, tenant.accountKey, {
    location: 'local',
    properties: {
      title: 'x',
      commitmentPlan: { id: tenant.planPath },
      assets: {
        model: {
          locationInfo: { uri: 'https://x.blob.core.windows.net/m/m.onnx', credentials: '?sv=1&sig=x' },
        },
      },
      parameters: { 'millpond.rowErrors': { value: 'skip' } },
    },
  });
  expect(refused.status).toBe(400);
  expect(refused.text).toContain('names that begin with \\"millpond.\\" are Millpond\'s own');
});
