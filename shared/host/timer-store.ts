/**
 * Where timers keep their status, and the lock that lets one host per host id run them: blobs in AzureWebJobsStorage.
 */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';

/** As stored by the real host and handed to the function; times are `yyyy-MM-ddTHH:mm:ss+00:00`. */
export type TimerStatus = { readonly Last: string; readonly Next: string; readonly LastUpdated: string };

/** What timers need of a store. Every method may reject when the store cannot be reached. */
export type TimerStore = {
  /** Takes the lock, or keeps it; false when another host has it. It lapses by itself after `lockMs`. */
  hold(): Promise<boolean>;
  /** Gives the lock back, so that another host need not wait. */
  release(): Promise<void>;
  /** Undefined when there is none, or none that can be understood. */
  read(timerName: string): Promise<TimerStatus | undefined>;
  write(timerName: string, status: TimerStatus): Promise<void>;
};

/** How long a lock lasts without being held again. */
export const lockMs = 15_000;

/**
 * The id that hosts of one app share: from the machine and the folder, unless `AzureFunctionsWebHost__hostid` says it.
 */
export function hostIdOf(scriptRoot: string, settings: Readonly<Record<string, string | undefined>>): string {
  const given = settings['AzureFunctionsWebHost__hostid'];
  if (given) return given.toLowerCase();
  const machine = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .slice(0, 15);
  return `${machine}-${createHash('sha256').update(scriptRoot).digest('hex').slice(0, 16)}`;
}

/** @param holder who takes the lock, on this machine */
export async function blobTimerStore(
  connection: string,
  hostId: string,
  holder: string,
): Promise<TimerStore> {
  const { BlobServiceClient } = await import('@azure/storage-blob');
  const options = { retryOptions: { maxTries: 2, tryTimeoutInMs: 5_000 } };
  const service = BlobServiceClient.fromConnectionString(connection, options);
  const container = service.getContainerClient('azure-webjobs-hosts');
  const lock = container.getBlockBlobClient(`locks/${hostId}/host`);
  const hash = createHash('sha256').update(`${hostname()} ${holder}`).digest('hex');
  const lease = lock.getBlobLeaseClient(
    hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5'),
  );
  const statusBlob = (name: string) =>
    container.getBlockBlobClient(`timers/${hostId}/Host.Functions.${name}/status`);
  let isPrepared = false;
  return {
    async hold() {
      if (!isPrepared) {
        await container.createIfNotExists();
        await unless([409, 412], lock.upload('', 0, { conditions: { ifNoneMatch: '*' } }));
        isPrepared = true;
      }
      return (await unless([409], lease.acquireLease(lockMs / 1000))) !== undefined;
    },
    async release() {
      await unless([404, 409, 412], lease.releaseLease());
    },
    async read(name) {
      const found = await unless([404], statusBlob(name).downloadToBuffer());
      return found && parseStatus(found.toString('utf8'));
    },
    async write(name, status) {
      const text = JSON.stringify(status);
      const blobHTTPHeaders = { blobContentType: 'application/json' };
      await statusBlob(name).upload(text, Buffer.byteLength(text), { blobHTTPHeaders });
    },
  };
}

function parseStatus(text: string): TimerStatus | undefined {
  try {
    const { Last = '', Next = '', LastUpdated = '' } = JSON.parse(text) as Partial<TimerStatus>;
    const areTimes = [Last, Next, LastUpdated].every((time) => !Number.isNaN(Date.parse(time)));
    return areTimes ? { Last, Next, LastUpdated } : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined where the storage answers with one of these statuses. */
async function unless<Result>(
  statuses: readonly number[],
  answer: Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (statuses.includes((error as { statusCode?: number }).statusCode ?? 0)) return undefined;
    throw error;
  }
}
