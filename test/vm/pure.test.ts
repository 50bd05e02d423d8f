/** The VM's small decisions: pauses, block ids, settings, outcomes, log lines. */
import { expect, test } from 'vitest';
import { ScoringError } from '../../shared/scoring/scoring-error.ts';
import { defaultPatience } from '../../shared/vm/blob-patience.ts';
import { backoffMs } from '../../shared/vm/backoff.ts';
import { blockBytes, blockId, blocksMax } from '../../shared/vm/block-ids.ts';
import { JobFault } from '../../shared/vm/job-fault.ts';
import { jobRows } from '../../shared/vm/job-rows.ts';
import { outcomeOf } from '../../shared/vm/outcome-of.ts';
import { makeVmLog } from '../../shared/vm/vm-log.ts';
import { takeSettings } from '../../shared/vm/vm-settings.ts';

const id = 'a'.repeat(32);

test('pauses double up to a bound and are spread over their upper half', () => {
  const backoff = { firstMs: 100, maxMs: 5_000 };
  expect([1, 2, 3, 6, 7, 1_000].map((n) => backoffMs(backoff, n, 0.999_999))).toEqual([
    100, 200, 400, 3_200, 5_000, 5_000,
  ]);
  expect(backoffMs(backoff, 3, 0)).toBe(200);
});

test('block ids have one length, and no two of job, attempt, round and index share one', () => {
  const ids = [
    blockId(id, 1, 0, 0),
    blockId(id, 11, 0, 0),
    blockId(id, 1, 10, 0),
    blockId(id, 1, 0, 10),
    blockId('b'.repeat(32), 1, 0, 0),
    blockId(id, 99_999, 10, blocksMax - 1),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(ids.map((one) => one.length))).toEqual(new Set([64]));
  expect(() => blockId(id, 100_000, 0, 0)).toThrow('no room');
});

test('blocks have at least 4 MiB and grow so that a blob has room for 700 GiB', () => {
  const mib = 1024 * 1024;
  let totalBytes = 0;
  for (let index = 0; index < blocksMax; index += 1) totalBytes += blockBytes(index);
  expect(blockBytes(0)).toBe(4 * mib);
  expect(blockBytes(blocksMax - 1)).toBe(32 * mib);
  expect(totalBytes).toBeGreaterThan(700 * 1024 * mib);
});

test('settings are taken out of the environment', () => {
  const env = {
    MILLPOND_VM_ID: id,
    MILLPOND_VM_URL: 'http://127.0.0.1:7071/',
    MILLPOND_VM_TOKEN: 'secret',
    MILLPOND_VM_OPEN_HOSTS: '127.0.0.1,blobs.example',
    TZ: 'UTC',
  };
  expect(takeSettings(env)).toEqual({
    vmId: id,
    url: 'http://127.0.0.1:7071',
    token: 'secret',
    workers: 1,
    openHosts: ['127.0.0.1', 'blobs.example'],
  });
  expect(env).toEqual({ TZ: 'UTC' });
});

test.each([
  ['MILLPOND_VM_ID', 'nonsense'],
  ['MILLPOND_VM_URL', 'ftp://x'],
  ['MILLPOND_VM_TOKEN', 'with\nnewline'],
  ['MILLPOND_VM_WORKERS', '0'],
])('a wrong %s is named, and its value is not', (name, value) => {
  const env = {
    MILLPOND_VM_ID: id,
    MILLPOND_VM_URL: 'http://x',
    MILLPOND_VM_TOKEN: 'secret',
    [name]: value,
  };
  const taken = takeSettings(env);
  expect(taken).toEqual({ wrong: expect.stringContaining(name) });
  expect(JSON.stringify(taken)).not.toContain(value === '0' ? '"0"' : value);
});

test('whose fault it was decides the code', () => {
  expect(outcomeOf(new JobFault('BlobNotFound', 'It is gone.'))).toEqual({
    code: 'BlobNotFound',
    message: 'It is gone.',
    isOfTheVm: false,
  });
  expect(outcomeOf(new ScoringError('InputParseError', 'Line 3.'))).toMatchObject({
    code: 'InputParseError',
  });
  const memory = Object.assign(new Error('x'), { code: 'ERR_WORKER_OUT_OF_MEMORY' });
  expect(outcomeOf(memory)).toMatchObject({ code: 'OutOfMemoryLimit', isOfTheVm: true });
  expect(outcomeOf(new TypeError('a bug'))).toEqual({
    code: 'ModuleExecutionError',
    message: 'The job failed on its VM: a bug.',
    isOfTheVm: true,
  });
});

test('a log line is one line of JSON, cut to length', () => {
  const lines: string[] = [];
  makeVmLog(id, (line) => lines.push(line))('vm.ends', { why: `two\nlines ${'x'.repeat(1_000)}` });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.trimEnd().includes('\n')).toBe(false);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'vm.ends', vmId: id });
  expect(lines[0]?.length).toBeLessThan(700);
});

test.each([
  [{ a: '' }, 'a\n""\n'],
  [{ a: 1.5, 'b,c': 'x"y' }, 'a,"b,c"\n1.5,"x""y"\n'],
])('without an input, parameters %j are a row', async (parameters, csv) => {
  const inputs = Object.keys(parameters).map((name) => ({ name, type: 'string' as const, width: 1 }));
  const options = { info: { inputs }, patience: defaultPatience, signal: AbortSignal.abort() };
  const { table } = await jobRows({ parameters }, undefined, options);
  let text = '';
  for await (const part of table.source) text += Buffer.from(part).toString();
  expect(text).toBe(csv);
});
