/** Azurite as a child: its own ports, its data kept over a stop, one at a time on a folder. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dataHolder, lockData } from '../../shared/cli/data-lock.ts';
import { runAzurite, type Azurite } from '../../shared/cli/run-azurite.ts';
import { processAlive } from '../../shared/cli/process-alive.ts';

let directory: string;
const running: Azurite[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millpond-azurite-'));
});
afterEach(async () => {
  for (const azurite of running.splice(0)) await azurite.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function run(): Promise<Azurite> {
  const azurite = await runAzurite({ directory, ports: 'any' });
  running.push(azurite);
  return azurite;
}

test('what was written is there after a stop and a start; a second one on the folder is refused meanwhile', async () => {
  const first = await run();
  const container = BlobServiceClient.fromConnectionString(first.connectionString).getContainerClient('kept');
  await container.create();
  await container.getBlockBlobClient('a').upload('text', 4);
  await expect(run()).rejects.toThrow(/^The data in \S+ is in use by process \d+ /);
  await Promise.all([first.stop(), first.stop()]);
  expect(processAlive(first.pid)).toBe(false);

  const second = await run();
  // What was named by a URL before still has that URL.
  expect(second.ports).toEqual(first.ports);
  const again = BlobServiceClient.fromConnectionString(second.connectionString).getContainerClient('kept');
  expect((await again.getBlockBlobClient('a').downloadToBuffer()).toString()).toBe('text');
});

test('two that begin at once both find ports', async () => {
  const both = await Promise.allSettled(
    ['a', 'b'].map((name) => runAzurite({ directory: join(directory, name) })),
  );
  const found = both.map((one) => (one.status === 'fulfilled' ? one.value : undefined));
  running.push(...found.filter((azurite) => azurite !== undefined));
  const ports = found.flatMap((azurite) => Object.values(azurite?.ports ?? {}));
  expect(new Set(ports).size).toBe(6);
});

test.each(['{"pid":2147483646}', 'nonsense', ''])('a lock that reads %s holds nobody up', (content) => {
  writeFileSync(join(directory, 'azurite.lock'), content);
  expect(dataHolder(directory)).toBeUndefined();
  const lock = lockData(directory);
  expect(lock.kind).toBe('locked');
  expect(dataHolder(directory)).toBe(process.pid);
  expect(lockData(directory)).toEqual({ kind: 'held', pid: process.pid });
  if (lock.kind === 'locked') lock.release();
  expect(dataHolder(directory)).toBeUndefined();
});
