/**
 * Which ports Azurite gets. References to blobs hold its port, in jobs that wait and in results, so a data directory
 * keeps its ports from one start to the next where it can.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { emulatorPorts } from '../settings.ts';
import { tryPort } from './free-port.ts';

const port = z.int().min(0).max(65_535);
const portsSchema = z.object({ blob: port, queue: port, table: port });
export type AzuritePorts = Readonly<z.infer<typeof portsSchema>>;

/** The first free one of: the usual one (if wanted), the one of the last time; otherwise 0, which is any. */
export async function chooseAzuritePorts(directory: string, wanted: 'usual' | 'any'): Promise<AzuritePorts> {
  const last = lastPorts(directory);
  const choose = async (service: keyof AzuritePorts) =>
    (wanted === 'usual' ? await tryPort(emulatorPorts[service]) : undefined) ??
    (last === undefined ? undefined : await tryPort(last[service])) ??
    0;
  return { blob: await choose('blob'), queue: await choose('queue'), table: await choose('table') };
}

export function rememberAzuritePorts(directory: string, ports: AzuritePorts): void {
  writeFileSync(portsFile(directory), `${JSON.stringify(ports)}\n`);
}

function lastPorts(directory: string): AzuritePorts | undefined {
  try {
    return portsSchema.parse(JSON.parse(readFileSync(portsFile(directory), 'utf8')));
  } catch {
    return undefined;
  }
}

function portsFile(directory: string): string {
  return join(directory, 'azurite-ports.json');
}
