/** A running instance is found by its file, and a stale file is recognised. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findInstance, removeInstance, writeInstance } from '../../shared/cli/instance-file.ts';

let directory: string;
let server: Server;
let url: string;
let answer: { status: number; body: string };

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millpond-instance-'));
  answer = { status: 200, body: '{"status":"ok"}' };
  server = createServer((_, response) => response.writeHead(answer.status).end(answer.body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

test('is found while it lives and answers', async () => {
  expect(await findInstance(directory)).toBeUndefined();
  writeInstance(directory, { url, pid: process.pid });
  expect(await findInstance(directory)).toEqual({ url, pid: process.pid });
  removeInstance(directory);
  expect(existsSync(join(directory, 'instance.json'))).toBe(false);
});

test.each([
  ['whose process is gone', () => writeInstance(directory, { url, pid: 2_147_483_646 })],
  [
    'where something else answers now',
    () => {
      answer = { status: 200, body: '<html>' };
      writeInstance(directory, { url, pid: process.pid });
    },
  ],
  [
    'that is not healthy',
    () => {
      answer = { status: 503, body: '{"status":"down"}' };
      writeInstance(directory, { url, pid: process.pid });
    },
  ],
  ['that is cut off', () => writeFileSync(join(directory, 'instance.json'), '{"url":')],
])('one %s is none', async (_, arrange) => {
  arrange();
  expect(await findInstance(directory)).toBeUndefined();
});

test('the file of another process is not removed', () => {
  writeInstance(directory, { url, pid: 2_147_483_646 });
  removeInstance(directory);
  expect(existsSync(join(directory, 'instance.json'))).toBe(true);
});
