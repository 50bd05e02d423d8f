/** How a running instance is found by other commands: DIR/instance.json, which holds no secret. */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { processAlive } from './process-alive.ts';

const instanceSchema = z.object({ url: z.url(), pid: z.int().positive() });
export type Instance = z.infer<typeof instanceSchema>;

const healthMs = 3_000;

export function writeInstance(directory: string, instance: Instance): void {
  const file = join(directory, 'instance.json');
  writeFileSync(file, `${JSON.stringify(instance)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}

/** Removes the file if it is still this process's. */
export function removeInstance(directory: string): void {
  if (read(directory)?.pid === process.pid) rmSync(join(directory, 'instance.json'), { force: true });
}

/** The instance of this data directory, if its process lives and it answers as Millpond does. */
export async function findInstance(directory: string): Promise<Instance | undefined> {
  const instance = read(directory);
  if (instance === undefined || !processAlive(instance.pid)) return undefined;
  return (await isHealthy(instance.url)) ? instance : undefined;
}

export async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(healthMs) });
    const body = (await response.json()) as { status?: unknown };
    return response.status === 200 && body.status === 'ok';
  } catch {
    return false;
  }
}

function read(directory: string): Instance | undefined {
  try {
    return instanceSchema.parse(JSON.parse(readFileSync(join(directory, 'instance.json'), 'utf8')));
  } catch {
    return undefined;
  }
}
