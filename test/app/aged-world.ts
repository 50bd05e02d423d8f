/** A world in which everything that can get old has got old, beside what must stay. */
import { cancelByOwner } from '../../shared/app/cancel.ts';
import { createPool } from '../../shared/app/create-pool.ts';
import { deletePool, resizePool } from '../../shared/app/pools.ts';
import { registerJob } from '../../shared/app/register.ts';
import { startJob } from '../../shared/app/start.ts';
import { classicPoolId } from '../../shared/core/ids.ts';
import type { Outcome } from '../../shared/core/vm-protocol.ts';
import { tables } from '../../shared/storage/row-places.ts';
import { makeClassic, makeWorkspace } from './classic-world.ts';
import {
  bootAll,
  jobBody,
  makePool,
  makeWorld,
  ok,
  registered,
  started,
  subscriptionId,
  ticked,
  vmsOf,
  workOff,
  type World,
} from './world.ts';

export type Aged = {
  readonly world: World;
  /** Active, with 0 VMs, all of whose jobs but the queued one have ended. */
  readonly poolId: string;
  readonly deletedId: string;
  readonly jobs: Readonly<Record<'finished' | 'failed' | 'cancelled' | 'queued' | 'ofDeleted', string>>;
  readonly classicJob: string;
};

const failure: Outcome = { kind: 'failed', code: 'ModuleExecutionError', message: 'It cannot be scored.' };

/** Nothing is old yet. */
export async function makeAged(): Promise<Aged> {
  const world = await makeWorld({ config: { classicVms: 1 } });
  const { poolId } = await makePool(world, 1);
  const deletedId = (await keyedPool(world)).poolId;
  const finished = await ended(world, poolId);
  const failed = await ended(world, poolId, failure);
  const ofDeleted = await ended(world, deletedId);
  const cancelled = await registered(world, poolId);
  ok(await cancelByOwner(world.app, world.service, cancelled));
  ok(await registerJob(world.app, world.service, jobBody(world, poolId), 'a key'));
  await world.clock.advance(90_000);
  ok(await resizePool(world.app, world.account, poolId, { vmCount: 0 }));
  ok(await deletePool(world.app, world.account, deletedId, 'refuse'));
  for (const id of [poolId, deletedId]) {
    await world.clock.advance(1_000);
    await ticked(world);
    for (const vm of await vmsOf(world, id)) await workOff(world, vm.vmId);
  }
  await ticked(world);
  const queued = await started(world, poolId);
  const classicJob = await endedClassic(world);
  return { world, poolId, deletedId, jobs: { finished, failed, cancelled, queued, ofDeleted }, classicJob };
}

async function keyedPool(world: World) {
  const swaggerUrl = `http://x/subscriptions/${subscriptionId}/services/${world.service.serviceId}/swagger.json`;
  return ok(await createPool(world.app, world.account, { vmCount: 1, swaggerUrl }, 'a key')).pool;
}

async function ended(world: World, poolId: string, outcome?: Outcome): Promise<string> {
  const [vmId = ''] = await bootAll(world, poolId);
  const jobId = await started(world, poolId);
  await workOff(world, vmId, outcome);
  return jobId;
}

/** Its cost waits in the outbox. */
async function endedClassic(world: World): Promise<string> {
  const service = await makeClassic(world, await makeWorkspace(world, 's1'));
  const { jobId } = ok(await registerJob(world.app, service, jobBody(world)));
  ok(await startJob(world.app, service, jobId));
  const [vmId = ''] = await bootAll(world, classicPoolId);
  await workOff(world, vmId);
  return jobId;
}

/** Every row's place. */
export function placesOf({ table }: World): string[] {
  return Object.values(tables).flatMap((name) => table.all(name).map(({ pk, rk }) => `${name} ${pk} ${rk}`));
}

/** Everything that is stored, as text. */
export function textOf({ table }: World): string {
  return JSON.stringify(Object.values(tables).flatMap((name) => table.all(name)));
}
