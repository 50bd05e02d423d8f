/** Formats through the whole service: one table in each, scored into another, the same scores in all. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { censusCsv } from '../../shared/samples/adult-census/census-csv.ts';
import {
  ended,
  jobBody,
  makePool,
  makeTenant,
  startInstance,
  startJob,
  type Instance,
  type Tenant,
} from './instance.ts';

type Row = Record<string, string>;

let instance: Instance;
let tenant: Tenant;
let poolId: string;
let rows: Row[];
let names: string[];
const numeric = new Set(['age', 'fnlwgt', 'education-num', 'capital-gain', 'capital-loss', 'hours-per-week']);

beforeAll(async () => {
  instance = await startInstance();
  tenant = await makeTenant(instance, 'f0'.repeat(16));
  poolId = await makePool(instance, tenant, 1);
  let text = '';
  for await (const part of censusCsv({ rows: 500, seed: 9 })) text += part;
  rows = parse<Row>(text, { columns: true });
  names = Object.keys(rows[0] ?? {});
  await put('data.csv', text);
});
afterAll(() => instance.stop());

const put = (name: string, bytes: string | Uint8Array) =>
  instance.data.getBlockBlobClient(name).uploadData(Buffer.from(bytes));
const get = (name: string) => instance.data.getBlobClient(name).downloadToBuffer();

async function score(input: string, output: string): Promise<Buffer> {
  const path = await startJob(instance, tenant, jobBody(instance, poolId, input, output));
  const status = await ended(instance, tenant, path);
  expect(status).toMatchObject({ StatusCode: 'Finished', RowsDone: rows.length });
  expect(status.Results?.['output1']?.RelativeLocation).toBe(`data/${output}`);
  return get(output);
}

const scoresOf = (scored: readonly Readonly<Record<string, unknown>>[]) =>
  scored.map((row) => [row['Scored Labels'], Number(row['Scored Probabilities'])]);

it('every format in gives the same scores, in every format out', async () => {
  const scored = parse<Row>((await score('data.csv', 'out.csv')).toString(), { columns: true });
  const scores = scoresOf(scored);
  expect(scores).toHaveLength(500);

  const jsonl = rows.map((row) =>
    JSON.stringify(
      Object.fromEntries(names.map((name) => [name, numeric.has(name) ? Number(row[name]) : row[name]])),
    ),
  );
  await put('data.jsonl.gz', gzipSync(jsonl.join('\n')));
  const table = await score('data.jsonl.gz', 'out.parquet');
  const read = await parquetReadObjects({ file: new Uint8Array(table).buffer });
  expect(scoresOf(read)).toEqual(scores);
  expect(read[0]?.['age']).toBe(Number(rows[0]?.['age']));

  await put(
    'data.parquet',
    new Uint8Array(
      parquetWriteBuffer({
        columnData: names.map((name) => ({
          name,
          data: rows.map((row) => (numeric.has(name) ? Number(row[name]) : (row[name] ?? ''))),
          type: numeric.has(name) ? 'DOUBLE' : 'STRING',
        })),
      }),
    ),
  );
  const lines = (await score('data.parquet', 'out.jsonl')).toString().trimEnd().split('\n');
  expect(scoresOf(lines.map((line) => JSON.parse(line) as Record<string, unknown>))).toEqual(scores);

  const quoted = (value: string) =>
    `'${value.replaceAll(/['\\]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}'`;
  await put(
    'data.arff',
    `@relation census\n${names.map((name) => `@attribute '${name}' ${numeric.has(name) ? 'numeric' : 'string'}\n`).join('')}@data\n${rows.map((row) => names.map((name) => (numeric.has(name) ? row[name] : quoted(row[name] ?? ''))).join(',')).join('\n')}\n`,
  );
  const tabs = gunzipSync(await score('data.arff', 'out.tsv.gz')).toString();
  expect(scoresOf(parse<Row>(tabs, { columns: true, delimiter: '\t' }))).toEqual(scores);

  await put('data.tsv', tabs);
  const arff = (await score('data.tsv', 'out.arff')).toString();
  expect(arff).toMatch(/^@relation scored\n\n@attribute age numeric\n@attribute workclass string\n/);
  expect(arff.trimEnd().split('@data\n')[1]?.split('\n')).toHaveLength(500);
});

it('a row at fault is named by its line in its own format', async () => {
  await put('bad.jsonl', '{"age":1}\nnothing\n');
  const path = await startJob(instance, tenant, jobBody(instance, poolId, 'bad.jsonl', 'bad.csv'));
  expect(await ended(instance, tenant, path)).toMatchObject({
    StatusCode: 'Failed',
    Details: expect.stringContaining('bad.jsonl line 1: missing columns'),
  });
});
