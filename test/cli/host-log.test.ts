/** Which lines of the host reach the terminal, and that all of them reach the file. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hostLog, importantLines } from '../../shared/cli/host-log.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millpond-log-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const failed = "[2026-11-24T15:50:02.512Z] Executed 'Functions.jobs' (Failed, Id=e017ee73, Duration=21ms)";

test('everything is in the file, trouble is told too, until the end is near', async () => {
  const told: string[] = [];
  const log = hostLog(directory, (line) => told.push(line));
  const trouble = '{"event":"tick-failed","error":"x"}';
  const lines = ['[t] Host lock acquired', trouble, failed, 'Error: why', '    at somewhere'];
  for (const line of lines) log.write(line);
  log.quiet();
  log.write(trouble);
  log.close();
  expect(told).toEqual([trouble, `${failed}\n  Error: why`]);
  await expect.poll(() => readFileSync(log.file, 'utf8')).toBe(`${[...lines, trouble].join('\n')}\n`);
  expect(statSync(log.file).mode & 0o777).toBe(0o600);
});

test.each([
  ['{"event":"tick-failed","error":"x"}', true],
  ['{"event":"host-lease.unreachable","why":"x"}', true],
  ['{"event":"compute.vm-started","vmId":"1"}', false],
  ['[t] Worker uncaught exception: TypeError: x', true],
  ["the app's process ended (SIGKILL); it is started again.", true],
  ["[t] Executed 'Functions.health' (Succeeded, Id=1, Duration=2ms)", false],
])('%s: told is %s', (line, isTold) => {
  expect(importantLines()(line)).toBe(isTold ? line : undefined);
});

test('VMs that are lost together are one sentence, and later ones another', () => {
  const important = importantLines();
  const lost = (vmId: string, cause: string) =>
    important(`{"event":"vm-lost","vmId":"${vmId}","cause":"${cause}"}`);
  const sentence = (cause: string) =>
    `A VM was lost: ${cause}. What is lost is replaced, and its jobs go on (host.log has the ids).`;
  expect(lost('1', 'the host that it ran on has ended')).toBe(sentence('the host that it ran on has ended'));
  expect(lost('2', 'the host that it ran on has ended')).toBeUndefined();
  expect(lost('3', 'it gave no sign of life')).toBe(sentence('it gave no sign of life'));
  expect(important('{"event":"compute.vm-started","vmId":"4","pid":5}')).toBeUndefined();
  expect(lost('4', 'it gave no sign of life')).toBe(sentence('it gave no sign of life'));
});

test('a client that went away is nobody’s trouble', () => {
  const important = importantLines();
  const cause = 'Error [ERR_HTTP_CONTENT_LENGTH_MISMATCH]: Response body is shorter';
  expect([failed, cause, failed, 'Error: x'].map(important)).toEqual([
    undefined,
    undefined,
    undefined,
    `${failed}\n  Error: x`,
  ]);
});

test('an old file that has grown large is put aside', async () => {
  writeFileSync(join(directory, 'host.log'), Buffer.alloc(9 * 1024 * 1024, 10));
  const log = hostLog(directory, () => undefined);
  log.write('new');
  log.close();
  await expect.poll(() => readFileSync(log.file, 'utf8')).toBe('new\n');
  expect(statSync(`${log.file}.1`).size).toBe(9 * 1024 * 1024);
});
