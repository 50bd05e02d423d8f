/** The README's walks with curl, pasted whole into a shell, against a Millpond that runs. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { operatorKey, startInstance, type Instance } from './instance.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
let instance: Instance;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millpond-readme-test-'));
  instance = await startInstance();
});
afterAll(async () => {
  await instance.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** The first shell block below a heading. */
function blockOf(heading: string): string {
  const [, block = ''] =
    new RegExp(`^## ${heading}$[^]*?^\`\`\`sh$\\n([^]*?)^\`\`\`$`, 'm').exec(readme) ?? [];
  expect(block).not.toBe('');
  return block.replaceAll('/tmp/', `${directory}/`);
}

/** The walk with this instance's address and this key. */
function firstJob(key: string): string {
  const mine = blockOf('A first job with curl')
    .replace('http://127.0.0.1:7071', instance.url)
    .replace(/^OP=.*$/m, `OP=${key}`);
  expect(mine).toContain(`${instance.url} `);
  expect(mine).toContain(`OP=${key}\n`);
  return mine;
}

/** From its standard input, as it comes from a paste: a failed line does not keep the next one from running. */
function paste(lines: string): { stdout: string; stderr: string } {
  return spawnSync('bash', ['--norc'], { input: lines, cwd: root, encoding: 'utf8', timeout: 60_000 });
}

it('scores a file, shows it, and ends with the pool on its way out and the bill', { timeout: 90_000 }, () => {
  const { stdout, stderr } = paste(firstJob(operatorKey));
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^Finished\nage,workclass,.*,Scored Labels,Scored Probabilities\n\d+,.*\n\d+,.*\n/m);
  expect(stdout).toMatch(/^\{"poolId":.*"state":"(deleting|deleted)"/m);
  expect(stdout).toMatch(/^\{"currency":"USD".*"computeMs":[1-9]/m);
  expect(stdout).not.toContain('"error"');
  expect(readFileSync(join(directory, 'scored.csv'), 'utf8').trim().split('\n')).toHaveLength(1_001);
});

it('says what was answered where a step fails, and ends', { timeout: 90_000 }, () => {
  const { stderr } = paste(firstJob('a-key-that-opens-nothing'));
  expect(stderr).toMatch(/^no \.primary in: \{"error":\{/);
  expect(stderr).not.toMatch(/TypeError|SyntaxError|undefined/);
});

it('makes a classic service under the old workspace id', { timeout: 90_000 }, async () => {
  const withoutPool = firstJob(operatorKey).replace(/^# A pool of 2 VMs[^]*/m, '');
  const { stdout, stderr } = paste(withoutPool + blockOf('Moving a BES client over'));
  expect(stderr).toBe('');
  const [swagger = '', keys = ''] = stdout.trim().split('\n').slice(-2);
  const { pathname } = new URL(swagger);
  expect(pathname).toMatch(
    /^\/workspaces\/0123456789abcdef0123456789abcdef\/services\/[0-9a-f]{32}\/swagger\.json$/,
  );
  const { primary } = JSON.parse(keys) as { primary: string };
  const jobs = `${pathname.replace('/swagger.json', '/jobs')}?api-version=2.0`;
  // The key opens it: what is refused is a job without its input.
  expect((await instance.call('POST', jobs, primary, {})).status).toBe(400);
});
