import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { censusCsv } from '../../shared/samples/adult-census/census-csv.ts';
import {
  blobText,
  ended,
  jobBody,
  makePool,
  makeTenant,
  poolOf,
  putBlob,
  startInstance,
  startJob,
  statusOf,
  until,
  type Instance,
  type Tenant,
} from './instance.ts';

let instance: Instance;
let tenant: Tenant;

beforeAll(async () => {
  instance = await startInstance();
  tenant = await makeTenant(instance, 'ab'.repeat(16));
  await putBlob(instance, 'ten.csv', await census(10));
});
afterAll(() => instance.stop());

async function census(rows: number): Promise<string> {
  let text = '';
  for await (const chunk of censusCsv({ rows, seed: 7 })) text += chunk;
  return text;
}

type Usage = { computeMs: number; posted: { computeMs: number } };
async function usageOf(poolId: string): Promise<Usage> {
  return (await instance.call('GET', `${tenant.pools}/${poolId}/usage`, tenant.accountKey)).json as Usage;
}

async function deletePool(poolId: string): Promise<void> {
  const reply = await instance.call('DELETE', `${tenant.pools}/${poolId}`, tenant.accountKey);
  expect(reply.status).toBe(202);
  await until(
    async () => ((await poolOf(instance, tenant, poolId)).state === 'deleted' ? true : undefined),
    'the deletion',
  );
}

describe('without any tick', () => {
  it('a job on a pool with a free VM is Running at once and, of 10 rows, Finished within a second', async () => {
    const poolId = await makePool(instance, tenant, 1);
    // The first job loads the model; a warm VM is what the promise is about.
    await ended(
      instance,
      tenant,
      await startJob(instance, tenant, jobBody(instance, poolId, 'ten.csv', 'cold.csv')),
    );
    const beganMs = performance.now();
    const path = await startJob(instance, tenant, jobBody(instance, poolId, 'ten.csv', 'warm é.csv'));
    const first = await statusOf(instance, tenant, path);
    expect(['Running', 'Finished']).toContain(first.StatusCode);
    const status = await ended(instance, tenant, path);
    expect(performance.now() - beganMs).toBeLessThan(1_000);
    const result = status.Results?.['output1'];
    const joined = `${result?.BaseLocation}${result?.RelativeLocation}${result?.SasBlobToken}`;
    const resolved = new URL(new URL(result?.BaseLocation ?? ''), undefined).href;
    expect(resolved.endsWith('/')).toBe(true);
    const scored = await (await fetch(joined)).text();
    expect(scored).toBe(await blobText(instance, 'warm é.csv'));
    expect(scored.split('\n')[0]?.split(',').slice(-2)).toEqual(['Scored Labels', 'Scored Probabilities']);
    expect(scored.trim().split('\n')).toHaveLength(11);
    expect((await fetch(joined, { method: 'DELETE' })).status).toBe(403);
    await deletePool(poolId);
    const usage = await usageOf(poolId);
    expect(usage.posted.computeMs).toBe(usage.computeMs);
    expect(usage.computeMs).toBeGreaterThan(0);
  });

  it('classic processing makes its VMs on demand', async () => {
    const path = await startJob(instance, tenant, jobBody(instance, undefined, 'ten.csv', 'classic.csv'));
    expect((await ended(instance, tenant, path)).StatusCode).toBe('Finished');
    expect(await blobText(instance, 'classic.csv')).toContain('Scored Labels');
  });

  it('a VM that is killed in the middle of a job is replaced, and the job ends once with the right output', async () => {
    const rows = 150_000;
    await putBlob(instance, 'large.csv', await census(rows));
    const poolId = await makePool(instance, tenant, 1);
    const before = vmProcesses();
    const path = await startJob(instance, tenant, jobBody(instance, poolId, 'large.csv', 'killed.csv'));
    const vmId = await until(async () => {
      const status = await statusOf(instance, tenant, path);
      if (status.StatusCode === 'Finished') throw new Error('the job was too quick to be disturbed');
      return status.StatusCode === 'Running' ? status.VmId : undefined;
    }, 'a running job');
    for (const pid of before) process.kill(pid, 'SIGKILL');
    const status = await ended(instance, tenant, path);
    expect(status).toMatchObject({ StatusCode: 'Finished', Attempt: 2 });
    expect(status.VmId).not.toBe(vmId);
    const plain = await startJob(instance, tenant, jobBody(instance, poolId, 'large.csv', 'undisturbed.csv'));
    await ended(instance, tenant, plain);
    expect((await blobText(instance, 'killed.csv')) === (await blobText(instance, 'undisturbed.csv'))).toBe(
      true,
    );
    await deletePool(poolId);
    const usage = await usageOf(poolId);
    expect(usage.posted.computeMs).toBe(usage.computeMs);
  }, 120_000);

  it('after a kill -9 of the host everything goes on', async () => {
    await putBlob(instance, 'large.csv', await census(150_000));
    const poolId = await makePool(instance, tenant, 2);
    const vms = vmProcesses();
    const paths = [];
    for (const name of ['a.csv', 'b.csv', 'c.csv']) {
      paths.push(await startJob(instance, tenant, jobBody(instance, poolId, 'large.csv', name)));
    }
    process.kill(instance.host().pid, 'SIGKILL');
    await until(async () => (vms.some(isAlive) ? undefined : true), 'the end of the VMs without a parent');
    await until(async () => {
      const reply = await instance.call('GET', '/health', undefined).catch(() => undefined);
      return reply?.status === 200 ? true : undefined;
    }, 'the host to come back');
    for (const path of paths) expect((await ended(instance, tenant, path)).StatusCode).toBe('Finished');
    expect(await blobText(instance, 'c.csv')).toContain('Scored Labels');
    await deletePool(poolId);
    const usage = await usageOf(poolId);
    expect(usage.posted.computeMs).toBe(usage.computeMs);
  }, 120_000);
});

/** The VM processes of the running host, by their parent. */
function vmProcesses(): number[] {
  const table = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' });
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, ppid, ...args]) => Number(ppid) === instance.host().pid && args.join(' ').includes('vm/main'))
    .map(([pid]) => Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
