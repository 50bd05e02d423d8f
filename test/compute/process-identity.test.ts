/** A process is known by more than its pid. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { stateOf, thisProcess } from '../../shared/compute/process-identity.ts';

const linux = process.platform === 'linux';

test('this very process is alive; one of another machine is not known', () => {
  expect(stateOf(thisProcess())).toBe(linux ? 'alive' : 'unknown');
  expect(stateOf({ ...thisProcess(), machine: 'another' })).toBe('unknown');
});

test.skipIf(!linux)('a pid that was given out again is another process', () => {
  expect(stateOf({ ...thisProcess(), started: '1' })).toBe('gone');
});

test('a process that has ended is gone', async () => {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  const { pid = 0 } = child;
  await once(child, 'exit');
  expect(stateOf({ ...thisProcess(), pid })).toBe('gone');
});

test.skipIf(!linux)('a zombie has ended, though its pid is still there', async () => {
  // A shell that becomes a sleep never asks how its own child ended; the child ends when it may.
  const program = 'sh -c "read line" <&3 & echo $!; exec sleep 60 3<&-';
  const parent = spawn('sh', ['-c', program], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
  const [line] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  const pid = Number(line.toString());
  const stat = (of: number) => readFileSync(`/proc/${of}/stat`, 'utf8');
  await expect.poll(() => stat(parent.pid ?? 0), { timeout: 10_000 }).toContain('(sleep)');
  const identity = { ...thisProcess(), pid, started: stat(pid).split(') ')[1]?.split(' ')[19] ?? '' };
  expect(stateOf(identity)).toBe('alive');
  (parent.stdio[3] as NodeJS.WritableStream).end('go\n');
  await expect.poll(() => stat(pid), { timeout: 10_000 }).toContain(') Z ');
  expect(stateOf(identity)).toBe('gone');
  parent.kill('SIGKILL');
  await once(parent, 'exit');
});
