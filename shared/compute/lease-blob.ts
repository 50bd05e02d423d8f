/** The blob whose lease says which host runs the local VMs: one call each, with a deadline and no hidden retries. */
import { BlobServiceClient, RestError, type BlockBlobClient } from '@azure/storage-blob';
import type { ProcessIdentity } from './process-identity.ts';

export type LeaseBlob = {
  /**
   * Takes the lease and writes the holder down; `held` with what the present holder wrote and the blob's version.
   * Only a holder that is written down counts: until then its lease may be broken as its predecessor's.
   */
  take(holder: ProcessIdentity): Promise<Take>;
  /** `lost`: the lease is another's, or nobody's any more. */
  renew(): Promise<'renewed' | 'lost'>;
  /** Ends a dead holder's lease if the blob's version is still `etag`; otherwise nothing happens. */
  end(etag: string): Promise<void>;
  release(): Promise<void>;
};
export type Take =
  | { readonly kind: 'taken'; readonly before: ProcessIdentity | undefined }
  | { readonly kind: 'held'; readonly by: ProcessIdentity | undefined; readonly etag: string };

export type LeaseBlobOptions = {
  readonly connectionString: string;
  readonly container: string;
  readonly blob: string;
  /** 15 to 60. */
  readonly leaseS: number;
  /** Deadline of one call. */
  readonly callMs: number;
  /** A GUID of this holder's own. */
  readonly leaseId: string;
};

export function makeLeaseBlob(options: LeaseBlobOptions): LeaseBlob {
  const { leaseS, callMs, leaseId } = options;
  const service = BlobServiceClient.fromConnectionString(options.connectionString, {
    retryOptions: { maxTries: 1 },
  });
  const container = service.getContainerClient(options.container);
  const blob = container.getBlockBlobClient(options.blob);
  const lease = blob.getBlobLeaseClient(leaseId);
  const within = () => ({ abortSignal: AbortSignal.timeout(callMs) });

  const acquire = async (): Promise<'acquired' | 'held'> => {
    try {
      await lease.acquireLease(leaseS, within());
      return 'acquired';
    } catch (error) {
      if (codeOf(error) === 'LeaseAlreadyPresent') return 'held';
      if (statusOf(error) !== 404) throw error;
      await container.createIfNotExists(within());
      await createEmpty(blob, callMs);
      await lease.acquireLease(leaseS, within());
      return 'acquired';
    }
  };
  return {
    take: async (holder) => {
      const acquired = await acquire();
      const found = await blob.getProperties(within());
      const by = readHolder(found.metadata);
      if (acquired === 'held') return { kind: 'held', by, etag: found.etag ?? '' };
      const metadata = { machine: holder.machine, pid: String(holder.pid), started: holder.started };
      await blob.setMetadata(metadata, { ...within(), conditions: { leaseId } });
      return { kind: 'taken', before: by };
    },
    renew: async () => {
      try {
        await lease.renewLease(within());
        return 'renewed';
      } catch (error) {
        const status = statusOf(error);
        if (status === 404 || status === 409 || status === 412) return 'lost';
        throw error;
      }
    },
    end: async (etag) => {
      try {
        await lease.breakLease(0, { ...within(), conditions: { ifMatch: etag } });
      } catch (error) {
        const status = statusOf(error);
        if (status !== 404 && status !== 409 && status !== 412) throw error;
      }
    },
    release: async () => {
      await lease.releaseLease(within());
    },
  };
}

async function createEmpty(blob: BlockBlobClient, callMs: number): Promise<void> {
  try {
    await blob.upload('', 0, { abortSignal: AbortSignal.timeout(callMs), conditions: { ifNoneMatch: '*' } });
  } catch (error) {
    const status = statusOf(error);
    if (status !== 409 && status !== 412) throw error;
  }
}

function readHolder(metadata: Record<string, string> | undefined): ProcessIdentity | undefined {
  const { machine, pid, started } = metadata ?? {};
  if (machine === undefined || pid === undefined || started === undefined) return undefined;
  return { machine, pid: Number(pid), started };
}

function statusOf(error: unknown): number | undefined {
  return error instanceof RestError ? error.statusCode : undefined;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof RestError ? error.code : undefined;
}
