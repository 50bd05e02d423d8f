/** Runs the Python client in a process of its own; there is one where python3 is. */
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Client, Journey } from './journey.ts';

const program = join(import.meta.dirname, 'python-client.py');

export const hasPython = spawnSync('python3', ['--version']).status === 0;

export const pythonClient: Client = async ({ url, key }, body) => {
  // The environment holds what the client needs and nothing else.
  const env = { PATH: process.env['PATH'], BES_URL: url, BES_KEY: key };
  let output = '';
  let errors = '';
  const child = execFile('python3', [program], { env, timeout: 60_000 });
  child.stdout?.on('data', (text: string) => (output += text));
  child.stderr?.on('data', (text: string) => (errors += text));
  child.stdin?.end(JSON.stringify(body));
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(errors);
  return JSON.parse(output) as Journey;
};
