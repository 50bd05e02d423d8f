/**
 * Local VMs belong to one host at a time: the one that holds a lease on a blob of the storage that they serve.
 *
 * The lease lasts 15 s and is renewed every 5 s. A host that cannot renew stops believing in it when the 15 s are
 * over, counted from before its last renewal was asked for: no later than the storage gives the lease to another.
 */
import { randomUUID } from 'node:crypto';
import type { Log } from '../app/ports.ts';
import { makeLeaseBlob, type LeaseBlob, type Take } from './lease-blob.ts';
import { stateOf, thisProcess, type ProcessIdentity } from './process-identity.ts';

export type Holder = 'self' | 'other';

export type HostLease = {
  state(): Holder;
  /** Tries once, then goes on in the background until `release`. Never rejects: without storage the holder is `other`. */
  start(): Promise<void>;
  /** Gives the lease back, so that another host need not wait for it. Stop the VMs before. */
  release(): Promise<void>;
  /** Called after each change of `state`. @returns ends the listening */
  onChange(listener: (state: Holder) => void): () => void;
};

export type HostLeaseOptions = {
  readonly connectionString: string;
  readonly log: Log;
  /** Default: this process. */
  readonly holder?: ProcessIdentity;
  /** Name of the blob, in the container `millpond-hosts`. Default `local-vms`. */
  readonly blobName?: string;
};

const leaseS = 15;
const renewMs = 5_000;
/** Whoever waits for the lease asks this often. */
const lookMs = 1_000;
const callMs = 4_000;

export function makeHostLease(options: HostLeaseOptions): HostLease {
  const { connectionString, log, holder = thisProcess(), blobName = 'local-vms' } = options;
  const leaseId = randomUUID();
  const place = { container: 'millpond-hosts', blob: blobName };
  const blob = makeLeaseBlob({ connectionString, ...place, leaseS, callMs, leaseId });
  const listeners = new Set<(state: Holder) => void>();
  let state: Holder = 'other';
  let expiry: NodeJS.Timeout | undefined;
  let next: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();
  let life: 'idle' | 'going' | 'over' = 'idle';

  const become = (to: Holder, why: string) => {
    if (state === to) return;
    state = to;
    log('host-lease.changed', { holder: to, why });
    for (const listener of listeners) listener(to);
  };
  const believe = (askedMs: number) => {
    clearTimeout(expiry);
    const leftMs = leaseS * 1_000 - (performance.now() - askedMs);
    expiry = setTimeout(() => become('other', 'the lease could not be renewed in time'), leftMs);
    expiry.unref();
  };
  const look = async () => {
    const askedMs = performance.now();
    try {
      if (state === 'self' && (await blob.renew()) === 'renewed') return believe(askedMs);
      const take = await takeOver(blob, holder);
      if (take.kind === 'held') return become('other', 'another host holds the lease');
      // Lost and had again: our VMs are still ours unless someone held it in between.
      if (state === 'self' && !isSame(take.before, holder)) become('other', 'another host held the lease');
      believe(askedMs);
      become('self', 'the lease is ours');
    } catch (error) {
      log('host-lease.unreachable', { why: error instanceof Error ? error.message : String(error) });
    }
  };
  const begin = () => {
    round = look().then(() => {
      if (life !== 'going') return;
      next = setTimeout(begin, state === 'self' ? renewMs : lookMs);
      next.unref();
    });
  };
  return {
    state: () => state,
    start: async () => {
      if (life !== 'idle') return;
      life = 'going';
      begin();
      await round;
    },
    release: async () => {
      life = 'over';
      clearTimeout(next);
      await round;
      clearTimeout(expiry);
      if (state === 'other') return;
      await blob.release().catch((error: unknown) => log('host-lease.not-released', { why: String(error) }));
      become('other', 'it was given back');
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Takes the lease if it is free, or held by a process of this machine that has died. */
async function takeOver(blob: LeaseBlob, holder: ProcessIdentity): Promise<Take> {
  const take = await blob.take(holder);
  if (take.kind === 'taken' || take.by === undefined || stateOf(take.by) !== 'gone') return take;
  await blob.end(take.etag);
  return blob.take(holder);
}

function isSame(a: ProcessIdentity | undefined, b: ProcessIdentity): boolean {
  return a?.machine === b.machine && a.pid === b.pid && a.started === b.started;
}
