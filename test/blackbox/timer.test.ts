import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ended,
  jobBody,
  makePool,
  makeTenant,
  poolOf,
  putBlob,
  startInstance,
  startJob,
  until,
  type Instance,
  type Tenant,
} from './instance.ts';
import { censusCsv } from '../../shared/samples/adult-census/census-csv.ts';

let instance: Instance;
let tenant: Tenant;

beforeAll(async () => {
  instance = await startInstance({ MILLPOND_DISPATCH: 'timer', TICK_SCHEDULE: '* * * * * *' });
  tenant = await makeTenant(instance, 'cd'.repeat(16));
});
afterAll(() => instance.stop());

it('the timer alone brings every job to its end and every second of the VMs onto the ledger', async () => {
  let text = '';
  for await (const chunk of censusCsv({ rows: 10, seed: 1 })) text += chunk;
  await putBlob(instance, 'ten.csv', text);
  const poolId = await makePool(instance, tenant, 1);
  const paths = [];
  for (const name of ['1.csv', '2.csv'])
    paths.push(await startJob(instance, tenant, jobBody(instance, poolId, 'ten.csv', name)));
  paths.push(await startJob(instance, tenant, jobBody(instance, undefined, 'ten.csv', '3.csv')));
  for (const path of paths) expect((await ended(instance, tenant, path)).StatusCode).toBe('Finished');
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
});
