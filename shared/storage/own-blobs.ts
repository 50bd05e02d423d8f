/** Our own containers in Blob storage: models, definitions, results and uploads. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { BlobServiceClient, StorageSharedKeyCredential, type ContainerClient } from '@azure/storage-blob';
import type { Clock, OwnBlob, OwnBlobs, OwnContainer, Random } from '../app/ports.ts';
import { limits } from '../core/limits.ts';
import { codeOf, faultOf, statusOf } from './azure-faults.ts';
import type { StorageAccount } from './connection-string.ts';
import { withDeadline } from './deadline.ts';
import { withTries } from './tries.ts';

export type OwnBlobsOptions = {
  readonly account: StorageAccount;
  readonly clock: Clock;
  readonly random: Random;
  /** Deadline of one call, without the time for its bytes; default `limits.storageCallMs`. */
  readonly callMs?: number;
};

/** A transfer gets this much longer for each MiB (4 MiB/s). */
const transferMsPerMib = 250;
const mib = 1024 * 1024;

export function makeOwnBlobs(options: OwnBlobsOptions): OwnBlobs {
  const { account, callMs = limits.storageCallMs } = options;
  const credential = new StorageSharedKeyCredential(account.account, account.key);
  const service = new BlobServiceClient(account.blobEndpoint, credential, { retryOptions: { maxTries: 1 } });
  const ready = new Map<OwnContainer, Promise<ContainerClient>>();

  /** Once per process; a failure is forgotten, so that the next call makes another attempt. */
  const containerOf = (name: OwnContainer): Promise<ContainerClient> => {
    const known = ready.get(name);
    if (known !== undefined) return known;
    const made = withTries(`making the container ${name}`, options, () =>
      makeContainer(service, name, callMs),
    );
    ready.set(name, made);
    made.catch(() => ready.delete(name));
    return made;
  };

  return {
    async put(container, name, bytes) {
      const what = `writing a blob of ${container}`;
      const client = await containerOf(container);
      await withTries(what, options, () => upload(client, name, bytes, callMs, what));
    },
    async get(container, name) {
      const what = `reading a blob of ${container}`;
      const client = await containerOf(container);
      return withTries(what, options, () => download(client, name, callMs, what));
    },
    async list(container, { limit, after }) {
      const what = `listing blobs of ${container}`;
      const client = await containerOf(container);
      return withTries(what, options, () => pageOf(client, limit, after, callMs, what));
    },
    async remove(container, name, etag) {
      const what = `removing a blob of ${container}`;
      const client = await containerOf(container);
      await withTries(what, options, () => removeBlob(client, name, etag, callMs, what));
    },
    async place(container, name) {
      // Whoever is handed the place cannot make its container.
      await containerOf(container);
      const access = { kind: 'key', account: account.account, key: account.key } as const;
      return { endpoint: account.blobEndpoint, container, name, access };
    },
  };
}

async function makeContainer(
  service: BlobServiceClient,
  name: OwnContainer,
  callMs: number,
): Promise<ContainerClient> {
  const client = service.getContainerClient(name);
  try {
    await withDeadline(callMs, (abortSignal) => client.create({ abortSignal }));
  } catch (error) {
    if (codeOf(error) !== 'ContainerAlreadyExists') throw faultOf(error, `making the container ${name}`);
  }
  return client;
}

async function upload(
  container: ContainerClient,
  name: string,
  bytes: Uint8Array,
  callMs: number,
  what: string,
): Promise<void> {
  const client = container.getBlockBlobClient(name);
  const ms = callMs + transferMs(bytes.byteLength);
  try {
    await withDeadline(ms, (abortSignal) =>
      client.upload(Buffer.from(bytes), bytes.byteLength, { abortSignal }),
    );
  } catch (error) {
    throw faultOf(error, what);
  }
}

async function download(
  container: ContainerClient,
  name: string,
  callMs: number,
  what: string,
): Promise<Uint8Array | undefined> {
  try {
    const reply = await withDeadline(callMs, (abortSignal) =>
      container.getBlobClient(name).download(0, undefined, { abortSignal, maxRetryRequests: 0 }),
    );
    const body = Readable.from(reply.readableStreamBody ?? []);
    const bytes = await withDeadline(callMs + transferMs(reply.contentLength ?? 0), (signal) => {
      signal.addEventListener('abort', () => body.destroy());
      return buffer(body);
    });
    if (bytes.byteLength !== reply.contentLength) throw new Error('the blob came incompletely');
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw faultOf(error, what);
  }
}

async function pageOf(
  container: ContainerClient,
  limit: number,
  after: string | undefined,
  callMs: number,
  what: string,
): Promise<{ blobs: OwnBlob[]; after?: string }> {
  try {
    const place = after === undefined ? {} : { continuationToken: after };
    const reply = await withDeadline(callMs, (abortSignal) =>
      container
        .listBlobsFlat({ abortSignal })
        .byPage({ maxPageSize: limit, ...place })
        .next(),
    );
    if (reply.done === true) return { blobs: [] };
    const { segment, continuationToken } = reply.value;
    const blobs = segment.blobItems.map(({ name, properties }) => ({ name, etag: properties.etag }));
    return continuationToken === undefined || continuationToken === ''
      ? { blobs }
      : { blobs, after: continuationToken };
  } catch (error) {
    throw faultOf(error, what);
  }
}

async function removeBlob(
  container: ContainerClient,
  name: string,
  etag: string | undefined,
  callMs: number,
  what: string,
): Promise<void> {
  const conditions = etag === undefined ? {} : { ifMatch: quoted(etag) };
  try {
    await withDeadline(callMs, (abortSignal) =>
      container.getBlobClient(name).deleteIfExists({ abortSignal, deleteSnapshots: 'include', conditions }),
    );
  } catch (error) {
    if (etag !== undefined && statusOf(error) === 412) return;
    throw faultOf(error, what);
  }
}

/** Listings give it without its quotes, headers with them. */
function quoted(etag: string): string {
  return etag.startsWith('"') ? etag : `"${etag}"`;
}

function transferMs(bytes: number): number {
  return Math.ceil((bytes / mib) * transferMsPerMib);
}
