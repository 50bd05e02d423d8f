/**
 * Where timers keep their status, and the lock that lets one host per host id run them: blobs in AzureWebJobsStorage.
 */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { BlockBlobClient, BlobLeaseClient } from '@azure/storage-blob';

/** As stored by the real host and handed to the function; times are `yyyy-MM-ddTHH:mm:ss+00:00`. */
export type TimerStatus = { readonly Last: string; readonly Next: string; readonly LastUpdated: string };

/** What timers need of a store. Every method may reject when the store cannot be reached. */
export type TimerStore = {
  /** Takes the lock, or keeps it; false when another host has it. It lapses by itself after `lockMs`. */
  hold(): Promise<boolean>;
  /** Gives the lock back, so that another host need not wait. */
  release(): Promise<void>;
  read(timerName: string): Promise<TimerStatus | undefined>;
  write(timerName: string, status: TimerStatus): Promise<void>;
};

/** How long a lock lasts without being held again. */
export const lockMs = 15_000;
const containerName = 'azure-webjobs-hosts';

/**
 * The id that hosts of one app share: from the machine and the folder, unless `AzureFunctionsWebHost__hostid` says it.
 */
export function hostIdOf(scriptRoot: string, settings: Readonly<Record<string, string | undefined>>): string {
  const given = settings['AzureFunctionsWebHost__hostid'];
  if (given !== undefined && given !== '') return given.toLowerCase();
  const machine = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .slice(0, 15);
  return `${machine}-${createHash('sha256').update(scriptRoot).digest('hex').slice(0, 16)}`;
}

/**
 * @param leaseId stays the same over restarts of the child, so that a crash does not lock the host out of its own lock
 */
export async function blobTimerStore(
  connection: string,
  hostId: string,
  leaseId: string,
): Promise<TimerStore> {
  const { BlobServiceClient } = await import('@azure/storage-blob');
  const options = { retryOptions: { maxTries: 2, tryTimeoutInMs: 5_000 } };
  const container = BlobServiceClient.fromConnectionString(connection, options).getContainerClient(
    containerName,
  );
  const statusBlob = (name: string): BlockBlobClient =>
    container.getBlockBlobClient(`timers/${hostId}/Host.Functions.${name}/status`);
  let lease: BlobLeaseClient | undefined;
  const prepare = async (): Promise<BlobLeaseClient> => {
    await container.createIfNotExists();
    const blob = container.getBlockBlobClient(`locks/${hostId}/host`);
    await ignoring([409, 412], () => blob.upload('', 0, { conditions: { ifNoneMatch: '*' } }));
    return blob.getBlobLeaseClient(leaseId);
  };
  return {
    async hold() {
      lease ??= await prepare();
      const held = lease;
      return (await ignoring([409], () => held.acquireLease(lockMs / 1000))) !== undefined;
    },
    async release() {
      await ignoring([404, 409, 412], async () => lease?.releaseLease());
    },
    async read(name) {
      const found = await ignoring([404], () => statusBlob(name).downloadToBuffer());
      return found === undefined ? undefined : parseStatus(found.toString('utf8'));
    },
    async write(name, status) {
      const text = JSON.stringify(status);
      await statusBlob(name).upload(text, Buffer.byteLength(text), {
        blobHTTPHeaders: { blobContentType: 'application/json' },
      });
    },
  };
}

/** A status that cannot be read counts as none. */
function parseStatus(text: string): TimerStatus | undefined {
  try {
    const { Last, Next, LastUpdated } = JSON.parse(text) as Partial<TimerStatus>;
    const times = [Last, Next, LastUpdated];
    return times.every((time) => typeof time === 'string' && !Number.isNaN(Date.parse(time)))
      ? ({ Last, Next, LastUpdated } as TimerStatus)
      : undefined;
  } catch {
    return undefined;
  }
}

async function ignoring<Result>(
  statuses: readonly number[],
  call: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await call();
  } catch (error) {
    if (
      typeof error === 'object' &&
      error !== null &&
      'statusCode' in error &&
      statuses.includes(Number(error.statusCode))
    ) {
      return undefined;
    }
    throw error;
  }
}
