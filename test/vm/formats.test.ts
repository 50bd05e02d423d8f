/** Formats on a VM: Parquet by ranges of one version, outputs of several formats at once, each with its content type. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Done } from '../../shared/core/vm-protocol.ts';
import { startJobBench, type JobBench } from './job-bench.ts';
import { randomId } from './blob-place.ts';

let bench: JobBench;
beforeAll(async () => {
  bench = await startJobBench();
});
afterAll(() => bench.close());

const rows = 5_000;
const parquet = new Uint8Array(
  parquetWriteBuffer({
    columnData: [
      { name: 'a', data: Array.from({ length: rows }, (_, i) => i), type: 'DOUBLE' },
      { name: 't', data: Array.from({ length: rows }, (_, i) => `text ${i}`), type: 'STRING' },
      { name: 'b', data: Array.from({ length: rows }, (_, i) => i % 10), type: 'INT32' },
    ],
    rowGroupSize: 2_000,
  }),
);

const bytesOf = (name: string) => bench.place.blob(name).downloadToBuffer();

it('reads Parquet by ranges and writes each output in its own format', async () => {
  const names = ['.csv', '.jsonl', '.parquet', '.csv.gz'].map((extension) => `${randomId()}${extension}`);
  const { assignment } = await bench.job({ input: parquet, inputName: `${randomId()}.parquet` });
  const outputs = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await bench.place.output(name)] as const)),
  );
  const seen: Done[] = [];
  const outcome = await bench.run({ ...assignment, outputs }, { onProgress: (done) => seen.push(done) });
  expect(outcome).toEqual({ kind: 'finished', rows });
  const [csv = '', jsonl = '', table = '', packed = ''] = names;
  const text = (await bytesOf(csv)).toString();
  expect(text.split('\n').slice(0, 3)).toEqual(['a,t,b,Scored Labels', '0,text 0,0,0', '1,text 1,1,11']);
  const objects = (await bytesOf(jsonl)).toString().trimEnd().split('\n');
  expect(JSON.parse(objects[11] ?? '')).toEqual({ a: 11, t: 'text 11', b: 1, 'Scored Labels': 21 });
  const read = await parquetReadObjects({ file: new Uint8Array(await bytesOf(table)).buffer });
  expect(read).toHaveLength(rows);
  expect(read[11]).toEqual({ a: 11, t: 'text 11', b: 1n, 'Scored Labels': 21 });
  expect(gunzipSync(await bytesOf(packed)).toString()).toBe(text);
  const types = await Promise.all(
    names.map(async (name) => (await bench.place.blob(name).getProperties()).contentType),
  );
  expect(types).toEqual([
    'text/csv; charset=utf-8',
    'application/x-ndjson',
    'application/vnd.apache.parquet',
    'application/gzip',
  ]);
  expect(seen.every(({ bytesDone = 0 }) => bytesDone <= parquet.length)).toBe(true);
});

it('a version of a Parquet file that is there no more is no mixture of two', async () => {
  const inputName = `${randomId()}.parquet`;
  const { assignment } = await bench.job({ input: parquet, inputName });
  await bench.place.blob(inputName).uploadData(parquet);
  expect(await bench.run(assignment)).toMatchObject({
    kind: 'failed',
    code: 'InvalidBlob',
    message: expect.stringContaining('changed'),
  });
});

it('a packed error file is read by a rerun too', async () => {
  const file = gzipSync('file,line,row,column,value,reason,"a,b"\nd.csv,3,2,a,x,why,"7,3"\n');
  const { assignment, outputName } = await bench.job({ input: file, inputName: `${randomId()}.csv.gz` });
  const input = assignment.inputs['input1'];
  if (input === undefined) throw new Error('no input');
  const rerun = { ...assignment, inputs: { input1: { ...input, reads: 'row-errors' } } } as const;
  expect(await bench.run(rerun)).toEqual({ kind: 'finished', rows: 1 });
  expect(await bench.place.text(outputName)).toBe('a,b,Scored Labels\n7,3,37\n');
});
