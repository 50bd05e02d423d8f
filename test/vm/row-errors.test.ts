/** Rows at fault on a VM: the error file is written before the output, found again after a death, and read by a rerun. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Assignment } from '../../shared/core/vm-protocol.ts';
import { startJobBench, type JobBench } from './job-bench.ts';

let bench: JobBench;
beforeAll(async () => {
  bench = await startJobBench();
});
afterAll(() => bench.close());

const input = 'a,b\n1,2\nx,3\n4,5\n6\n';
const errorFile = (file: string) =>
  `file,line,row,column,value,reason,"a,b"\n${file},3,2,a,x,expected a number,"x,3"\n${file},5,4,,1 columns,wrong number of columns,"6"\n`;
const found = {
  rows: 4,
  rowErrors: { count: 2, byReason: { 'expected a number': 1, 'wrong number of columns': 1 } },
};

async function job(rowErrors: Assignment['rowErrors']) {
  const { assignment, inputName, outputName } = await bench.job({ input });
  return {
    assignment: { ...assignment, rowErrors },
    inputName,
    outputName,
    errorsName: `${outputName}.errors.csv`,
  };
}
const isThere = (name: string) => bench.place.blob(name).exists();

it('leaves bad rows out and files them beside the output', async () => {
  const { assignment, inputName, outputName, errorsName } = await job({ kind: 'skip' });
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', ...found });
  expect(await bench.place.text(outputName)).toBe('a,b,Scored Labels\n1,2,21\n4,5,54\n');
  expect(await bench.place.text(errorsName)).toBe(errorFile(inputName));
  const { metadata } = await bench.place.blob(errorsName).getProperties();
  expect(metadata?.['millpondjob']).toBe(assignment.jobId);
});

it('keeps bad rows in their places, blank', async () => {
  const { assignment, outputName } = await job({ kind: 'blank' });
  expect(await bench.run(assignment)).toEqual({ kind: 'finished', ...found });
  expect(await bench.place.text(outputName)).toBe('a,b,Scored Labels\n1,2,21\nx,3,\n4,5,54\n6,,\n');
});

it('fails at the first one, which is filed, without an output', async () => {
  const { assignment, inputName, outputName, errorsName } = await job({ kind: 'fail' });
  expect(await bench.run(assignment)).toEqual({
    kind: 'failed',
    code: 'InputParseError',
    message: `${inputName} line 3 (row 2), column 'a': expected a number, found "x".`,
    rowErrors: { count: 1, byReason: { 'expected a number': 1 } },
  });
  expect(await isThere(outputName)).toBe(false);
  expect((await bench.place.text(errorsName)).split('\n')).toHaveLength(3);
});

it('fails beyond the limit with as many filed', async () => {
  const { assignment, errorsName } = await job({ kind: 'skip', countMax: 1 });
  expect(await bench.run(assignment)).toMatchObject({ kind: 'failed', rowErrors: { count: 2 } });
  expect((await bench.place.text(errorsName)).split('\n')).toHaveLength(4);
});

it('writes and asks nothing of an error file when all rows are good', async () => {
  const { assignment, outputName } = await bench.job();
  const errors = { ...assignment.errors, url: 'http://127.0.0.1:1/nowhere' };
  const outcome = await bench.run({ ...assignment, errors, rowErrors: { kind: 'skip' } });
  expect(outcome).toEqual({ kind: 'finished', rows: 2 });
  expect(await isThere(`${outputName}.errors.csv`)).toBe(false);
});

it('tells the same after an attempt that died behind the error file, and behind the output', async () => {
  const { assignment, outputName, errorsName } = await job({ kind: 'skip' });
  await bench.run(assignment);
  const first = await bench.place.blob(errorsName).getProperties();
  expect(await bench.run({ ...assignment, attempt: 2 })).toEqual({ kind: 'finished', ...found });
  await bench.place.blob(outputName).delete();
  expect(await bench.run({ ...assignment, attempt: 3 })).toEqual({ kind: 'finished', ...found });
  expect(await bench.place.text(outputName)).toBe('a,b,Scored Labels\n1,2,21\n4,5,54\n');
  expect((await bench.place.blob(errorsName).getProperties()).etag).toBe(first.etag);
});

it('takes the place of an error file of another job', async () => {
  const { assignment, inputName, errorsName } = await job({ kind: 'skip' });
  await bench.place.blob(errorsName).upload('old', 3);
  expect(await bench.run(assignment)).toMatchObject({ kind: 'finished' });
  expect(await bench.place.text(errorsName)).toBe(errorFile(inputName));
});

it('scores just the rows of an error file, in the end as the whole would have been', async () => {
  const { assignment, errorsName } = await job({ kind: 'skip' });
  await bench.run(assignment);
  const corrected = (await bench.place.text(errorsName)).replace('"x,3"', '"7,3"');
  const again = await bench.job({ input: corrected, inputName: 'again.csv' });
  const handle = again.assignment.inputs['input1'];
  if (handle === undefined) throw new Error('no input');
  const rerun = {
    ...again.assignment,
    inputs: { input1: { ...handle, reads: 'row-errors' } },
    rowErrors: { kind: 'skip' },
  } as const;
  expect(await bench.run(rerun)).toEqual({
    kind: 'finished',
    rows: 2,
    rowErrors: { count: 1, byReason: { 'wrong number of columns': 1 } },
  });
  expect(await bench.place.text(again.outputName)).toBe('a,b,Scored Labels\n7,3,37\n');
  expect(await bench.place.text(`${again.outputName}.errors.csv`)).toContain(
    'again.csv,3,2,,1 columns,wrong number of columns,"6"',
  );
});
