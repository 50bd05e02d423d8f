/** What must hold between the rows and blobs of a world whenever nothing is under way, whatever was asked of it. */
import { expect } from 'vitest';
import { collect } from '../../shared/app/all-rows.ts';
import { modelBlob } from '../../shared/app/assignment.ts';
import type { App } from '../../shared/app/ports.ts';
import { serviceName } from '../../shared/app/put-service.ts';
import { isFinal } from '../../shared/core/job.ts';
import type { Tag } from '../../shared/core/ids.ts';

/** @throws the first thing that does not fit; every row is read, and so decoded, on the way */
export async function expectWhole(app: App): Promise<void> {
  for (const { row: account } of await collect(app, { of: 'accounts' })) {
    await expectAccountWhole(app, account.subscriptionId, account.pools);
  }
  for (const { row: live } of await collect(app, { of: 'live' })) await expectPoolWhole(app, live.tag);
}

async function expectAccountWhole(app: App, subscriptionId: string, pools: number): Promise<void> {
  const reservations = await collect(app, { of: 'reservations', subscriptionId });
  expect(reservations.length, `pools that the account ${subscriptionId} counts`).toBe(pools);
  for (const { row } of reservations) {
    expect(await app.store.get('pool', { poolId: row.poolId }), `pool ${row.poolId}`).toBeDefined();
  }
  const plans = new Set((await collect(app, { of: 'plans', subscriptionId })).map(({ row }) => row.planId));
  const services = await collect(app, { of: 'services', subscriptionId });
  for (const { row } of services) {
    const name = await app.store.get('name', serviceName(row));
    expect(name?.row.id, `name of the service ${row.serviceId}`).toBe(row.serviceId);
    for (const { planId } of row.plans) expect(plans, `plan of the service ${row.name}`).toContain(planId);
    expect(await app.blobs.get('millpond-services', row.definition), 'definition').toBeDefined();
    if (row.state.kind === 'failed') continue;
    const model = await app.blobs.get('millpond-models', modelBlob(row.state.model.sha256));
    expect(model?.byteLength, `model of the service ${row.name}`).toBe(row.state.model.bytes);
  }
  const ids = new Set(services.map(({ row }) => row.serviceId));
  for (const of of ['webservice', 'classic'] as const) {
    for (const { row } of await collect(app, { of: 'names', subscriptionId, kind: of })) {
      expect(ids, `what the name ${row.name} stands for`).toContain(row.id);
    }
  }
}

async function expectPoolWhole(app: App, tag: Tag): Promise<void> {
  const jobs = (await collect(app, { of: 'jobs', tag })).map(({ row }) => row);
  const idsOf = (rows: readonly { readonly jobId: string }[]) => rows.map(({ jobId }) => jobId).toSorted();
  const specs = (await collect(app, { of: 'specs', tag })).map(({ row }) => row);
  expect(idsOf(specs), 'secrets of unfinished jobs, and of no others').toEqual(
    idsOf(jobs.filter((job) => !isFinal(job))),
  );
  const waits = (await collect(app, { of: 'queue', tag })).map(({ row }) => row);
  expect(idsOf(waits), 'places in the queue').toEqual(idsOf(jobs.filter(({ kind }) => kind === 'queued')));
  const vms = (await collect(app, { of: 'vms', tag })).map(({ row }) => row);
  const held = vms.flatMap((vm) => (vm.kind === 'busy' || vm.kind === 'draining' ? [vm.job] : []));
  expect(idsOf(held), 'jobs that VMs hold').toEqual(idsOf(jobs.filter(({ kind }) => kind === 'running')));
}
