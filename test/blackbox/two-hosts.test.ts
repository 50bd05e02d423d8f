/** Two hosts on one storage: both serve, one runs the VMs, and the other takes over when that one is gone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { censusCsv } from '../../shared/samples/adult-census/census-csv.ts';
import {
  blobText,
  childrenOf,
  ended,
  jobBody,
  makePool,
  makeTenant,
  poolOf,
  putBlob,
  startInstance,
  startJob,
  startSecondHost,
  statusOf,
  until,
  type Instance,
  type SecondHost,
  type Tenant,
} from './instance.ts';
import { isHolder, startedVms } from './log-lines.ts';

// A host that ends waits for its VMs' held calls.
const usual = { TICK_SCHEDULE: '*/2 * * * * *', MILLPOND_VM_HOLD_S: '1' };
const modes: readonly { dispatch: string; owner: Record<string, string> }[] = [
  { dispatch: 'at-once', owner: {} },
  // The host with the VMs has no timer to speak of; the one with the timer has no VMs.
  {
    dispatch: 'timer',
    owner: { TICK_SCHEDULE: '0 0 0 1 1 *', AzureFunctionsWebHost__hostid: 'the-owner-of-the-vms' },
  },
];
const vmProgram = 'vm/main';
let instance: Instance;
let owner: SecondHost;
let tenant: Tenant;

async function census(rows: number): Promise<string> {
  let text = '';
  for await (const chunk of censusCsv({ rows, seed: rows })) text += chunk;
  return text;
}

type Listed = { value: { jobId: string; status: string; attempt: number; vmId?: string; state?: string }[] };
const listOf = async (poolId: string, what: 'jobs' | 'vms') =>
  ((await instance.call('GET', `${tenant.pools}/${poolId}/${what}`, tenant.accountKey)).json as Listed).value;

describe.each(modes)('dispatch $dispatch', (mode) => {
  beforeAll(async () => {
    const env = { ...usual, MILLPOND_DISPATCH: mode.dispatch };
    instance = await startInstance(env);
    owner = await startSecondHost(instance, { ...env, ...mode.owner });
    // The first host has the VMs until it ends; so does the second one then.
    await instance.restart(() =>
      until(async () => (isHolder(owner.log) ? true : undefined), 'the second host to run the VMs'),
    );
    tenant = await makeTenant(instance, '2b'.repeat(16));
  });
  afterAll(async () => {
    await owner?.stop();
    await instance?.stop();
  });

  it('a kill -9 of the host with the VMs: every job ends once, and every second is billed once', async () => {
    await putBlob(instance, 'ten.csv', await census(10));
    await putBlob(instance, 'large.csv', await census(100_000));
    const poolId = await makePool(instance, tenant, 2);
    expect(childrenOf(instance.host().pid, vmProgram)).toEqual([]);
    const vms = childrenOf(owner.pid(), vmProgram);
    expect(vms).toHaveLength(2);

    const jobs = [];
    for (const [n, input] of ['large', 'large', 'ten', 'ten', 'large', 'ten'].entries()) {
      const body = jobBody(instance, poolId, `${input}.csv`, `${n}-of-${input}.csv`);
      jobs.push({
        input,
        output: `${n}-of-${input}.csv`,
        path: await startJob(n % 2 ? owner : instance, tenant, body),
      });
    }
    // Both hosts say the same of it.
    const [first, second] = jobs;
    await until(async () => {
      const states = [
        statusOf(instance, tenant, first?.path ?? ''),
        statusOf(owner, tenant, second?.path ?? ''),
      ];
      return (await Promise.all(states)).every((one) => one.StatusCode === 'Running') ? true : undefined;
    }, 'two running jobs');
    await owner.kill();
    for (const { path } of jobs)
      expect(await ended(instance, tenant, path)).toMatchObject({ StatusCode: 'Finished' });
    await until(async () => (vms.some(isAlive) ? undefined : true), 'the end of the VMs without a parent');

    const attempts = (await listOf(poolId, 'jobs')).map((job) => job.attempt).sort((a, b) => a - b);
    expect(attempts).toHaveLength(jobs.length);
    // Only what ran at the kill was begun again.
    expect(attempts.slice(0, -2)).toEqual(Array(jobs.length - 2).fill(1));
    for (const { input, output } of jobs) {
      const lines = (await blobText(instance, output)).split('\n');
      expect(lines).toHaveLength(input === 'large' ? 100_002 : 12);
      expect(lines[0]).toContain('Scored Labels');
    }
    const living = (await listOf(poolId, 'vms')).filter((vm) => vm.state !== 'stopped');
    expect(living).toHaveLength(2);
    expect(childrenOf(instance.host().pid, vmProgram)).toHaveLength(2);
    const started = [...startedVms(owner.log).keys(), ...startedVms(instance.log).keys()];
    expect(started).toHaveLength(4);
    expect(new Set(started).size).toBe(4);

    expect((await instance.call('DELETE', `${tenant.pools}/${poolId}`, tenant.accountKey)).status).toBe(202);
    await until(
      async () => ((await poolOf(instance, tenant, poolId)).state === 'deleted' ? true : undefined),
      'the deletion',
    );
    const usage = (await instance.call('GET', `${tenant.pools}/${poolId}/usage`, tenant.accountKey)).json as {
      computeMs: number;
      posted: { computeMs: number };
    };
    expect(usage.computeMs).toBeGreaterThan(1_000);
    expect(usage.posted.computeMs).toBe(usage.computeMs);
  }, 120_000);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
