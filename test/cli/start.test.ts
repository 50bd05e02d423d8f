/** `npm start` around a small app: first start, what it says, taken ports, bad settings, and that nothing is left. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../shared/cli/free-port.ts';
import { fakeApp, type FakeApp } from './fake-app.ts';
import { runStart, type StartProcess } from './run-start.ts';

let app: FakeApp;
const started: StartProcess[] = [];

beforeEach(() => {
  app = fakeApp();
});
afterEach(async () => {
  for (const process of started.splice(0)) {
    process.child.kill('SIGTERM');
    await process.ended;
  }
  app.remove();
});

function start(args: readonly string[], env?: Record<string, string>, how?: 'in a shell'): StartProcess {
  const process = runStart(app, args, env, how);
  started.push(process);
  return process;
}

/** Pids of the processes whose command line or working folder names this test's folder. */
function processesOf(root: string): string[] {
  const all = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  return all.filter((line) => line.includes(root));
}

describe('the first start', () => {
  test('writes settings with secrets of its own for this user only, runs, and says where', async () => {
    const port = await freePort();
    const process = start(['--port', String(port)]);
    await process.said(/Millpond is ready on http:\/\/127\.0\.0\.1:\d+ after [\d.]+ s/);
    await process.said(/Ctrl-C stops everything/);

    const file = join(app.root, 'local.settings.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { Values } = JSON.parse(readFileSync(file, 'utf8')) as { Values: Record<string, string> };
    const sample = readFileSync(join(app.root, 'local.settings.sample.json'), 'utf8');
    expect(sample).not.toContain(Values['MILLPOND_OPERATOR_KEY']);
    expect(sample).not.toContain(Values['MILLPOND_MASTER_SECRET']);
    expect(Buffer.from(Values['MILLPOND_MASTER_SECRET'] ?? '', 'base64').length).toBeGreaterThanOrEqual(32);

    const said = process.output();
    expect(said).toContain(`operator key  ${Values['MILLPOND_OPERATOR_KEY']}`);
    expect(said).not.toContain(Values['MILLPOND_MASTER_SECRET']);
    expect(said).toContain(app.data);
    expect(said).toContain('npm run demo');
    expect(said).toContain(`curl -X PUT http://127.0.0.1:${port}/operator/accounts/`);

    const health = await (await fetch(`http://127.0.0.1:${port}/health`)).json();
    expect(health).toMatchObject({ publicUrl: `http://127.0.0.1:${port}`, tz: 'UTC' });
  });
});

describe('the end', () => {
  test('SIGTERM stops everything, with exit code 0', async () => {
    const port = await freePort();
    const process = start(['--port', String(port)]);
    await process.said(/is ready/);
    expect(JSON.parse(readFileSync(join(app.data, 'instance.json'), 'utf8'))).toEqual({
      url: `http://127.0.0.1:${port}`,
      pid: process.child.pid,
    });
    expect(statSync(join(app.data, 'instance.json')).mode & 0o777).toBe(0o600);
    expect(processesOf(app.root).length).toBeGreaterThan(1);
    process.child.kill('SIGTERM');
    expect(await process.ended).toBe(0);
    expect(processesOf(app.root)).toEqual([]);
    expect(existsSync(join(app.data, 'instance.json'))).toBe(false);
    expect(existsSync(join(app.data, 'azurite.lock'))).toBe(false);
    expect(process.output()).toContain('Stopped.');
  });

  test('the end of npm, which does not pass a SIGTERM on, is the end of everything too', async () => {
    const shell = start(['--port', String(await freePort())], { npm_lifecycle_event: 'start' }, 'in a shell');
    await shell.said(/is ready/);
    shell.child.kill('SIGTERM');
    expect(await shell.ended).toBe('SIGTERM');
    expect(shell.output()).toContain('Stopped.');
    expect(processesOf(app.root)).toEqual([]);
  });

  test('a kill -9 of the command takes host and storage with it, and the next start goes on', async () => {
    const port = await freePort();
    const first = start(['--port', String(port)]);
    await first.said(/is ready/);
    first.child.kill('SIGKILL');
    await first.ended;
    await expect.poll(() => processesOf(app.root), { timeout: 10_000 }).toEqual([]);
    const second = start(['--port', String(port)]);
    await second.said(/is ready/);
  });
});

describe('what cannot be started is said in a sentence, with exit code 1 and nothing left running', () => {
  test('a taken port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const process = start(['--port', String(port)]);
    expect(await process.ended).toBe(1);
    expect(process.output()).toMatch(
      new RegExp(`^start: Port ${port} of 127\\.0\\.0\\.1 is taken .*--port ${port + 1}\\n$`),
    );
    expect(processesOf(app.root)).toEqual([]);
    server.close();
  });

  test('an instance that runs on the same data', async () => {
    const first = start(['--port', String(await freePort())]);
    await first.said(/is ready/);
    const second = start(['--port', String(await freePort())]);
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(/^start: Millpond is running already on http:\S+ with the data in /);
  });

  test('a bad setting', async () => {
    const process = start(['--port', String(await freePort())], { MILLPOND_CLASSIC_VMS: 'several' });
    expect(await process.ended).toBe(1);
    expect(process.output()).toMatch(
      /start: MILLPOND_CLASSIC_VMS must be a whole number from 0 to 64, but is "several"/,
    );
    expect(existsSync(app.data)).toBe(false);
    expect(processesOf(app.root)).toEqual([]);
  });

  test('settings that are no JSON, without a word of them', async () => {
    writeFileSync(join(app.root, 'local.settings.json'), '{ "Values": { "MILLPOND_OPERATOR_KEY": "canary" ');
    const process = start(['--port', String(await freePort())]);
    expect(await process.ended).toBe(1);
    expect(process.output()).toMatch(/local\.settings\.json cannot be understood/);
    expect(process.output()).not.toContain('canary');
  });

  test('an app that does not load', async () => {
    writeFileSync(join(app.root, 'dist/functions/health.js'), 'process.exit(3);');
    const process = start(['--port', String(await freePort())]);
    expect(await process.ended).toBe(1);
    expect(process.output()).toMatch(/start: The Functions host did not start: /);
    expect(processesOf(app.root)).toEqual([]);
  });

  test.each([
    [
      '/dev/null/x',
      /^start: There can be no data in \/dev\/null\/x \(.*name another folder with --data\.\n$/,
    ],
    ['/proc/x', /^start: There can be no data in \/proc\/x \(.*name another folder with --data\.\n$/],
    ['/proc', /^start: No data can be written in \/proc \(.*name another folder with --data\.\n$/],
  ])('data in %s', async (data, sentence) => {
    const process = start(['--port', String(await freePort()), '--data', data]);
    expect(await process.ended).toBe(1);
    expect(process.output().replace(/^Wrote local\.settings.*\n/, '')).toMatch(sentence);
  });

  test.each([
    [['--port', 'http'], /--port must be a whole number/],
    [['--porrt', '1'], /Unknown option '--porrt'/],
  ])('options %j', async (args, sentence) => {
    const process = start(args);
    expect(await process.ended).toBe(1);
    expect(process.output()).toMatch(sentence);
  });
});
