/**
 * What a changed master secret leaves behind is told in sentences, never as a 500, and goes on where the earlier one is
 * named.
 */
import { beforeEach, describe, expect, test } from 'vitest';
import { makeNodeSecrets } from '../../shared/storage/node-secrets.ts';
import { collect } from '../../shared/app/all-rows.ts';
import { putClassicService } from '../../shared/app/classic-services.ts';
import { finishJob } from '../../shared/app/finish.ts';
import { jobStatus } from '../../shared/app/status.ts';
import { next } from '../../shared/app/vm-calls.ts';
import type { App } from '../../shared/app/ports.ts';
import { contentOf, makeWorkspace, storageKey, workspaceId } from '../app/classic-world.ts';
import {
  bootAll,
  connectionString,
  job,
  makePool,
  masterSecret,
  nonceOf,
  ok,
  registered,
  started,
  workOff,
  type World,
} from '../app/world.ts';
import { makeApi, read, textIn, type Api } from './api.ts';
import { detailOf } from './calls.ts';
import { serve } from './registered.ts';
import { serviceBody } from './tenants.ts';

let api: Api;
let world: World;
beforeEach(async () => {
  api = await makeApi();
  ({ world } = api);
});

const operatorKey = 'operator-key-of-the-tests-0123456789';
const newSecret = Buffer.alloc(32, 9);

/** The same storage under another master secret, as after a restart. */
function restarted(earlierSecrets: Uint8Array[] = []): { app: App; key: string } {
  const secrets = makeNodeSecrets({ masterSecret: newSecret, earlierSecrets, operatorKey });
  const app = { ...world.app, secrets };
  serve(async () => app);
  return { app, key: secrets.key({ kind: 'service', id: world.service.serviceId }, 'primary', 1) };
}

const pathOf = (jobId: string, action = '') => `${api.bes}/jobs/${jobId}${action}?api-version=2.0`;

describe('under another master secret', () => {
  test('old keys are shut out and the new ones open, at once', async () => {
    const jobId = await registered(world);
    const { key } = restarted();
    expect((await api.call({ path: pathOf(jobId), key: api.serviceKey })).status).toBe(401);
    expect((await api.call({ path: pathOf(jobId), key })).status).toBe(200);
  });

  test('a job that was registered before is refused at its start, and ends with the reason', async () => {
    const jobId = await registered(world);
    const { key } = restarted();
    const start = await api.call({ method: 'POST', path: pathOf(jobId, '/start'), key });
    expect(start.status).toBe(409);
    expect(detailOf(start)).toMatchObject({
      code: 'SealedWithAnotherSecret',
      message: expect.stringMatching(/register it again, or .* MILLPOND_EARLIER_SECRETS\.$/),
    });
    const status = read(await api.call({ path: pathOf(jobId), key }));
    expect(status).toMatchObject({ StatusCode: 'Failed', Details: expect.stringContaining('master secret') });
    expect(await collect(world.app, { of: 'specs', tag: jobId.slice(0, 12) })).toEqual([]);
  });

  test('a job that waits fails with the reason when a VM takes it, and the VM goes on', async () => {
    const pool = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, pool.poolId);
    const first = await started(world, pool.poolId);
    const { app } = restarted();
    const asked = next(app, vmId, nonceOf(vmId));
    // It looks again after a moment.
    await world.clock.advance(1_000);
    expect((await asked).kind).toBe('wait');
    expect(await job(world, first)).toMatchObject({ kind: 'failed', code: 'SealedWithAnotherSecret' });
    const other = { ...world, app };
    const second = await started(other, pool.poolId);
    expect(await workOff(other, vmId)).toEqual([second]);
  });

  test('a result says that its SAS opens no more, and the status is none the worse', async () => {
    const pool = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, pool.poolId);
    const jobId = await started(world, pool.poolId);
    expect(await workOff(world, vmId)).toEqual([jobId]);
    const { app } = restarted();
    const status = await jobStatus(app, world.service, jobId);
    expect(status).toMatchObject({
      kind: 'status',
      job: {
        kind: 'finished',
        reason: expect.stringMatching(/output1.*master secret that the service no longer has/),
      },
    });
    expect(JSON.stringify(status)).not.toContain('sig=');
  });

  test('a classic service whose storage key is lost is refused another model, and a PUT that keeps the key', async () => {
    const storage = { name: 'caller', key: storageKey(world) };
    const workspace = await makeWorkspace(world, 's1');
    const wish = { name: 'old', ...contentOf(world, { storage }) };
    const { service } = ok(await putClassicService(world.app, workspace, wish));
    const { app } = restarted();
    const services = `/workspaces/${workspaceId}/webservices`;
    const keyOf = (kind: 'account' | 'service', id: string) => app.secrets.key({ kind, id }, 'primary', 1);
    const Location = { ConnectionString: connectionString(world), RelativeLocation: 'models/adult.onnx' };
    const retrained = await api.call({
      method: 'PATCH',
      path: `${services}/${service.serviceId}/endpoints/default`,
      key: keyOf('service', service.serviceId),
      body: { Resources: [{ Location }] },
    });
    const put = await api.call({
      method: 'PUT',
      path: `${services}/old`,
      key: keyOf('account', service.subscriptionId),
      body: serviceBody(api, { storageAccount: { name: 'caller' } }),
    });
    for (const got of [retrained, put]) {
      expect(got.status).toBe(409);
      expect(detailOf(got).code).toBe('SealedWithAnotherSecret');
    }
  });

  test('where the earlier one is named, everything goes on', async () => {
    const pool = await makePool(world, 1);
    const [vmId = ''] = await bootAll(world, pool.poolId);
    const jobId = await registered(world, pool.poolId);
    const { app, key } = restarted([masterSecret]);
    expect((await api.call({ method: 'POST', path: pathOf(jobId, '/start'), key })).status).toBe(200);
    const work = await next(app, vmId, nonceOf(vmId));
    expect(work).toMatchObject({ kind: 'work', assignment: { jobId } });
    const nonce = nonceOf(vmId);
    await finishJob(app, vmId, { nonce, jobId, attempt: 1, outcome: { kind: 'finished', rows: 1 } });
    const status = read(await api.call({ path: pathOf(jobId), key }));
    expect(status['StatusCode']).toBe('Finished');
    const results = status['Results'] as Record<string, { SasBlobToken: string }>;
    expect(results['output1']?.SasBlobToken).toContain('sig=');
  });
});

test("a job's secrets open for no other account and no other job", async () => {
  const body = api.jobBody();
  const [one, two] = [textIn(await api.register(body)), textIn(await api.register(body))];
  const { table } = world;
  const rows = table.all('millpondpools').filter(({ rk }) => rk.startsWith('spec|'));
  const [a, b] = [one, two].map((id) => rows.find(({ rk }) => rk.endsWith(id)));
  if (a === undefined || b === undefined) throw new Error('no rows');
  // Somebody with access to the table puts one job's secrets under another's id.
  await table.transact('millpondpools', b.pk, [
    { do: 'replace', rk: b.rk, properties: a.properties, etag: b.etag },
  ]);
  await world.clock.advance(60_000);
  const start = await api.start(two);
  expect(start.status).toBe(409);
  expect(detailOf(start).code).toBe('SealedWithAnotherSecret');
  expect((await api.start(one)).status).not.toBe(409);
});
