/** The demo's pool from creation to its deletion, over the Pool Service URL. */
import type { Api } from './api-client.ts';
import { poolShape, poolsShape, usageShape, type Pool, type PoolUsage } from './api-shapes.ts';
import { CliError } from './cli-error.ts';
import type { DemoAccount } from './demo-setup.ts';
import type { Progress } from './demo-progress.ts';
import { waitUntil } from './wait-until.ts';

const poolName = 'demo';
const quietMsMax = 120_000;
const everyMs = 200;

export type DemoPool = {
  readonly poolId: string;
  look(): Promise<Pool>;
  usage(): Promise<PoolUsage>;
  /** Waits until all its VMs are ready. */
  ready(vms: number, progress: Progress, signal: AbortSignal): Promise<void>;
  /** Resizes to 0 and waits until the last VM has gone. */
  empty(signal: AbortSignal): Promise<void>;
  /** Deletes it and waits until the last second is on the ledger. Unfinished jobs are cancelled. */
  remove(signal: AbortSignal): Promise<void>;
};

export async function createPool(
  api: Api,
  account: DemoAccount,
  wanted: { readonly vmCount: number; readonly swaggerUrl: string },
): Promise<DemoPool> {
  const path = `${account.poolServiceUrl}/pools`;
  const body = { ...wanted, name: poolName };
  const pool = await api.ask({ method: 'POST', path, key: account.key, body }, poolShape);
  return poolOf(api, account, pool.poolId);
}

/** Pools of demos that were killed: they cost and count against the quota. */
export async function leftOverPools(api: Api, account: DemoAccount): Promise<DemoPool[]> {
  const path = `${account.poolServiceUrl}/pools?$top=100`;
  const { value } = await api.ask({ method: 'GET', path, key: account.key }, poolsShape);
  const left = value.filter((pool) => pool.name === poolName && pool.state === 'active');
  return left.map((pool) => poolOf(api, account, pool.poolId));
}

function poolOf(api: Api, { key, poolServiceUrl }: DemoAccount, poolId: string): DemoPool {
  const path = `${poolServiceUrl}/pools/${poolId}`;
  const look = () => api.ask({ method: 'GET', path, key }, poolShape);
  return {
    poolId,
    look,
    usage: () => api.ask({ method: 'GET', path: `${path}/usage`, key }, usageShape),
    async ready(vms, progress, signal) {
      const track = progress.track('VMs', vms);
      await waitUntil(
        look,
        (pool) => {
          const isReady = pool.vms.idle + pool.vms.busy;
          track.update(
            isReady,
            isReady === vms ? 'ready' : `starting, ${pool.reason ?? `${isReady} of ${vms} ready`}`,
          );
          return isReady === vms;
        },
        { everyMs, quietMsMax, what: `${vms} VMs to get ready`, signal },
      );
    },
    async empty(signal) {
      await api.call({ method: 'POST', path: `${path}/resize`, key, body: { vmCount: 0 } });
      await waitUntil(look, (pool) => vmsOf(pool) === 0, {
        everyMs,
        quietMsMax,
        what: 'the VMs to stop',
        signal,
      });
    },
    async remove(signal) {
      await api.call({ method: 'DELETE', path: `${path}?jobs=cancel`, key });
      const what = 'the pool to be deleted';
      await waitUntil(look, (pool) => pool.state === 'deleted', { everyMs, quietMsMax, what, signal });
    },
  };
}

function vmsOf({ vms }: Pool): number {
  return vms.provisioning + vms.idle + vms.busy + vms.draining + vms.failed;
}

/** @returns the sentence's number when the ledger holds exactly what the live usage said. */
export function settledMs(live: PoolUsage, final: PoolUsage): number {
  if (final.posted.computeMs === final.computeMs && final.computeMs === live.computeMs)
    return final.computeMs;
  throw new CliError(
    `The ledger does not agree with what was shown: ${live.computeMs} ms of VM time live, ${final.computeMs} ms after ` +
      `the pool's deletion, of which ${final.posted.computeMs} ms are posted.`,
  );
}
