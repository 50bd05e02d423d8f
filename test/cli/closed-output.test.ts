/** `npm start` and `npm run demo` for real, when whoever reads their output goes away first, as `head` does. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createApi } from '../../shared/cli/api-client.ts';
import { poolsShape } from '../../shared/cli/api-shapes.ts';
import { demoSubscription, setUpAccount } from '../../shared/cli/demo-setup.ts';
import { freePort } from '../../shared/cli/free-port.ts';

type Running = {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly stderr: Promise<string>;
  readonly ended: Promise<number | string>;
};

const operatorKey = 'operator-key-of-the-closed-output-test-01';
let directory: string;
const running: Running[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millpond-closed-test-'));
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGTERM');
    await ended;
  }
  rmSync(directory, { recursive: true, force: true });
});

/** With secrets of its own, so that no local.settings.json is written into the checkout. */
function run(script: string, args: readonly string[]): Running {
  const file = join(import.meta.dirname, '../../shared/cli', script);
  const child = spawn(process.execPath, [file, '--data', join(directory, 'data'), ...args], {
    env: {
      ...process.env,
      MILLPOND_OPERATOR_KEY: operatorKey,
      MILLPOND_MASTER_SECRET: Buffer.alloc(32, 9).toString('base64'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  const one = { child, stderr: text(child.stderr), ended };
  running.push(one);
  return one;
}

/** Reads until the words have come, then closes the pipe. */
async function readUntil({ child }: Running, words: RegExp): Promise<void> {
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (words.test(said)) break;
  }
  expect(said).toMatch(words);
}

test('a demo deletes its pool and says no more; an instance serves on', { timeout: 90_000 }, async () => {
  const port = await freePort();
  const start = run('start.ts', ['--port', String(port)]);
  await readUntil(start, /Millpond is ready/);

  const demo = run('demo.ts', ['--rows', '100', '--vms', '1']);
  await readUntil(demo, /VMs +100 % +ready/);
  expect(await demo.ended).toBe(1);
  expect(await demo.stderr).toBe('');
  const api = createApi(`http://127.0.0.1:${port}`);
  const { key } = await setUpAccount(api, operatorKey);
  const path = `/poolservice/${demoSubscription}/pools`;
  const pools = await api.ask({ method: 'GET', path, key }, poolsShape);
  expect(pools.value.filter(({ state }) => state !== 'deleted')).toEqual([]);

  start.child.kill('SIGTERM');
  expect(await start.ended).toBe(0);
  expect(await start.stderr).toBe('');
});
