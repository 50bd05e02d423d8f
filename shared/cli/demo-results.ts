/** Reads a result as any client does: by joining the three texts of its reference. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BlobRef, JobStatus } from './api-shapes.ts';
import { CliError } from './cli-error.ts';

const beginningBytes = 64 * 1024;
const readMs = 30_000;

export async function readBeginning(status: JobStatus, signal: AbortSignal): Promise<string> {
  const late = AbortSignal.timeout(readMs);
  const response = await open(
    status,
    { range: `bytes=0-${beginningBytes - 1}` },
    AbortSignal.any([signal, late]),
  );
  return response.text();
}

export async function saveResult(status: JobStatus, file: string, signal: AbortSignal): Promise<void> {
  const response = await open(status, {}, signal);
  if (response.body === null) throw new CliError('The result has no content.');
  await pipeline(Readable.fromWeb(response.body), createWriteStream(file), { signal });
}

async function open(
  status: JobStatus,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  const result = Object.values(status.Results ?? {})[0];
  if (result === undefined) throw new CliError('A finished job has no result.');
  const response = await fetch(urlOf(result), { headers, signal });
  if (response.ok) return response;
  throw new CliError(
    `The result cannot be read: ${response.status} ${(await response.text()).slice(0, 300)}`,
  );
}

function urlOf({ BaseLocation, RelativeLocation, SasBlobToken }: BlobRef): string {
  return BaseLocation + RelativeLocation + SasBlobToken;
}
