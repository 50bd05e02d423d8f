/** A VM that was cut off and comes back late: what it says of an attempt that is no longer its own changes nothing. */
import { expect, it } from 'vitest';
import { cancelByOwner } from '../../shared/app/cancel.ts';
import { collect } from '../../shared/app/all-rows.ts';
import { finishJob } from '../../shared/app/finish.ts';
import { resizePool } from '../../shared/app/pools.ts';
import { next, takeBeat } from '../../shared/app/vm-calls.ts';
import { tagOf } from '../../shared/core/ids.ts';
import { limits } from '../../shared/core/limits.ts';
import type { Outcome } from '../../shared/core/vm-protocol.ts';
import {
  bootAll,
  job,
  makePool,
  makeWorld,
  nonceOf,
  ok,
  started,
  ticked,
  vmsOf,
  type World,
} from './world.ts';

const outcomes: Outcome[] = [
  { kind: 'finished', rows: 99 },
  { kind: 'failed', code: 'ModuleExecutionError', message: 'It is from a lost attempt.' },
];

/** Everything that a late finish could change. */
async function everything(world: World, poolId: string, jobId: string) {
  const tag = tagOf(poolId);
  return {
    job: await job(world, jobId),
    specs: await collect(world.app, { of: 'specs', tag }),
    queue: await collect(world.app, { of: 'queue', tag }),
    gone: await collect(world.app, { of: 'gone', tag }),
    vms: await vmsOf(world, poolId),
  };
}

const beat = (world: World, vmId: string, jobId: string, attempt: number) =>
  takeBeat(world.app, vmId, { nonce: nonceOf(vmId), job: { jobId, attempt, rowsDone: 50 } });
const finish = (world: World, vmId: string, jobId: string, attempt: number, outcome: Outcome) =>
  finishJob(world.app, vmId, { nonce: nonceOf(vmId), jobId, attempt, outcome });

/** A job whose first VM fell silent and was given up; another one runs it. */
async function cutOff() {
  const world = await makeWorld();
  const { poolId } = await makePool(world, 1);
  const [zombie = ''] = await bootAll(world, poolId);
  const jobId = await started(world, poolId);
  await world.clock.advance(limits.leaseMs + 1);
  await ticked(world);
  await world.clock.advance(limits.suspectMs);
  await ticked(world);
  const [successor = ''] = await bootAll(world, poolId);
  expect(await job(world, jobId)).toMatchObject({ kind: 'running', vmId: successor, attempt: 2, losses: 1 });
  return { world, poolId, jobId, zombie, successor };
}

it.each(outcomes)('a lost VM that reports it $kind while another one runs the job', async (outcome) => {
  const { world, poolId, jobId, zombie, successor } = await cutOff();
  const before = await everything(world, poolId, jobId);
  expect((await beat(world, zombie, jobId, 1)).kind).toBe('stop');
  expect((await finish(world, zombie, jobId, 1, outcome)).kind).toBe('stop');
  // Not even under the present attempt's number.
  expect((await finish(world, zombie, jobId, 2, outcome)).kind).toBe('stop');
  expect(await everything(world, poolId, jobId)).toEqual(before);
  await finish(world, successor, jobId, 2, { kind: 'finished', rows: 7 });
  expect(await job(world, jobId)).toMatchObject({ kind: 'finished', rows: 7, attempt: 2, vmId: successor });
});

it.each(outcomes)('a lost VM that reports it $kind after another one has ended the job', async (outcome) => {
  const { world, poolId, jobId, zombie, successor } = await cutOff();
  await finish(world, successor, jobId, 2, { kind: 'finished', rows: 7 });
  const before = await everything(world, poolId, jobId);
  expect((await finish(world, zombie, jobId, 1, outcome)).kind).toBe('stop');
  expect((await beat(world, zombie, jobId, 1)).kind).toBe('stop');
  expect(await everything(world, poolId, jobId)).toEqual(before);
});

it.each(outcomes)(
  'a VM that reports an old attempt as $kind while it has a newer one of the same job',
  async (outcome) => {
    const world = await makeWorld();
    const { poolId } = await makePool(world, 2);
    const [vmId = '', idle = ''] = await bootAll(world, poolId);
    const jobId = await started(world, poolId);
    const holder = (await vmsOf(world, poolId)).find((vm) => vm.kind === 'busy')?.vmId ?? '';
    expect([vmId, idle]).toContain(holder);
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 0, busyVms: 'requeue' }));
    await next(world.app, holder === vmId ? idle : vmId, nonceOf(holder === vmId ? idle : vmId));
    ok(await resizePool(world.app, world.account, poolId, { vmCount: 1 }));
    await bootAll(world, poolId);
    const running = await job(world, jobId);
    expect(running).toMatchObject({ kind: 'running', attempt: 2 });
    const present = running?.kind === 'running' ? running.vmId : '';
    const before = await everything(world, poolId, jobId);
    // It is told what it has instead.
    expect(await finish(world, present, jobId, 1, outcome)).toMatchObject({
      kind: 'work',
      assignment: { jobId, attempt: 2 },
    });
    expect(await everything(world, poolId, jobId)).toEqual(before);
    expect((await beat(world, present, jobId, 1)).kind).toBe('drop');
    const vm = (await vmsOf(world, poolId)).find((one) => one.vmId === present);
    expect(vm).toMatchObject({ kind: 'busy', job: { jobId, attempt: 2 }, rowsDone: 0 });
  },
);

it.each(outcomes)('a VM that reports a cancelled job as $kind gets the next one', async (outcome) => {
  const world = await makeWorld();
  const { poolId } = await makePool(world, 1);
  const [vmId = ''] = await bootAll(world, poolId);
  const jobId = await started(world, poolId);
  await world.clock.advance(1);
  const following = await started(world, poolId);
  ok(await cancelByOwner(world.app, world.service, jobId));
  const cancelled = await job(world, jobId);
  expect(await finish(world, vmId, jobId, 1, outcome)).toMatchObject({
    kind: 'work',
    assignment: { jobId: following },
  });
  expect(await job(world, jobId)).toEqual(cancelled);
  expect(cancelled?.kind).toBe('cancelled');
});
