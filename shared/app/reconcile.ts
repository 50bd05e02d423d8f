/** Brings a pool's VMs to what is wanted: dead ones out, missing ones in, finished ones onto the ledger. Bounded, repeatable. */
import { classicTag, makeVmId, tagOf, type Tag } from '../core/ids.ts';
import { limits } from '../core/limits.ts';
import {
  classicDemand,
  decideSize,
  judgeVm,
  type HealthStep,
  type Seen,
  type SizeStep,
} from '../core/reconcile.ts';
import { hourOf } from '../core/billing.ts';
import { afterFailure, held, type Pool } from '../core/pool.ts';
import { planAt } from '../core/service.ts';
import {
  callOff,
  claim,
  drain,
  isLiving,
  isWorking,
  provision,
  suspect,
  takeBack,
  tellToStop,
  type Vm,
} from '../core/vm.ts';
import { collect } from './all-rows.ts';
import { finishDeletion } from './finish-deletion.ts';
import { commitLoss, commitRequeue } from './lose-vm.ts';
import { planHold } from './plan-hold.ts';
import { poolOfTag } from './pool-of-tag.ts';
import { readClassicQueue } from './queue-head.ts';
import { postPool } from './post.ts';
import type { App, Stored, Write } from './ports.ts';
import { dispatch } from './dispatch.ts';

/** Rounds of look and act in one run: what is left then is the next run's. */
const roundsMax = 4;

export async function reconcile(app: App, tag: Tag): Promise<void> {
  for (let round = 0; round < roundsMax; round += 1) {
    // The observation comes first: a machine is judged only by rows that are newer than the look at it.
    const observed = await app.compute.observe();
    const seen: Seen = { ...observed, hostId: app.compute.hostId };
    const pool = await poolOfTag(app, tag);
    if (pool === undefined) return;
    // After the pool's row, whose version guards the adding of VMs: what has been added under it is seen then.
    const vms = await collect(app, { of: 'vms', tag });
    if ((await noteHold(app, pool)) === 'changed') continue;
    await endMachines(app, tag, vms, seen);
    const lost = await actOnHealth(app, pool, vms, seen);
    if (lost === 'changed') await dispatch(app, tag);
    // What has been changed is read again before anything else is decided on it.
    if (lost === 'changed' || (await actOnSize(app, pool, vms)) === 'changed') continue;
    if ((await postPool(app, pool.row, vms)) === 'changed') continue;
    if (pool.row.kind === 'deleting' && vms.length === 0) await finishDeletion(app, pool);
    return;
  }
}

/** Dispatch, finish and status read it from the pool's row. */
async function noteHold(app: App, pool: Stored<'pool'>): Promise<'same' | 'changed'> {
  const { subscriptionId, serviceId, kind } = pool.row;
  if (serviceId === undefined || kind !== 'active') return 'same';
  const service = await app.store.get('service', { subscriptionId, serviceId });
  const planId = planAt(service?.row.plans ?? [], hourOf(app.clock.now()));
  const hold = planId === undefined ? undefined : await planHold(app, subscriptionId, planId);
  if (hold === pool.row.hold) return 'same';
  const row = held(pool.row, hold);
  await app.store.commit([{ do: 'replace', kind: 'pool', row, etag: pool.etag }]);
  return 'changed';
}

async function actOnHealth(
  app: App,
  pool: Stored<'pool'>,
  vms: readonly Stored<'vm'>[],
  seen: Seen,
): Promise<'same' | 'changed'> {
  const nowMs = app.clock.now();
  let outcome: 'same' | 'changed' = 'same';
  let failures: string | undefined;
  for (const stored of vms) {
    const step = judgeVm(stored.row, seen, nowMs, app.config.provisionMs);
    if (step === undefined) continue;
    await act(app, stored, step);
    if (step.kind === 'lose') {
      outcome = 'changed';
      if (step.vm.kind === 'provisioning') failures = step.cause;
    }
  }
  if (failures !== undefined) {
    const row = { ...pool.row, backoff: afterFailure(pool.row.backoff, failures, nowMs) };
    await app.store.commit([{ do: 'replace', kind: 'pool', row, etag: pool.etag }]);
  }
  return outcome;
}

async function act(app: App, stored: Stored<'vm'>, step: HealthStep): Promise<void> {
  switch (step.kind) {
    case 'suspect':
      await replace(app, stored, suspect(step.vm, app.clock.now()));
      return;
    case 'lose':
      if ((await commitLoss(app, stored, step.vm, step.cause)) === 'done') {
        app.log('vm-lost', { vmId: step.vm.vmId, cause: step.cause });
        await app.compute.stop(step.vm.vmId);
      }
      return;
    case 'start':
      // The claim first: a VM whose host died between claim and start is lost with that host, never started twice.
      if ((await replace(app, stored, claim(step.vm, app.compute.hostId))) === 'done') {
        await app.compute.start(step.vm.vmId, step.vm.poolId);
      }
      return;
  }
}

async function actOnSize(
  app: App,
  pool: Stored<'pool'>,
  vms: readonly Stored<'vm'>[],
): Promise<'same' | 'changed'> {
  const rows = vms.map((stored) => stored.row);
  const { wanted, strangers } = await want(app, pool.row, rows);
  const steps = strangers.length > 0 ? strangers : await sizeSteps(app, pool.row, rows, wanted);
  const stored = new Map(vms.map((one) => [one.row.vmId, one]));
  let outcome: 'same' | 'changed' = 'same';
  for (const step of steps) {
    const done = await resize(app, pool, stored, step);
    if (done === 'done') outcome = 'changed';
  }
  return outcome;
}

async function resize(
  app: App,
  pool: Stored<'pool'>,
  vms: ReadonlyMap<string, Stored<'vm'>>,
  step: SizeStep,
): Promise<'done' | 'conflict'> {
  const nowMs = app.clock.now();
  if (step.kind === 'add') return addVms(app, pool, step.count);
  const stored = vms.get(step.vm.vmId);
  if (stored === undefined) return 'conflict';
  switch (step.kind) {
    case 'take-back':
      return replace(app, stored, takeBack(step.vm, nowMs));
    case 'drain':
      return replace(app, stored, drain(step.vm, nowMs));
    case 'requeue':
      return woken(app, step.vm.vmId, await commitRequeue(app, stored, step.vm));
    case 'tell-to-stop':
      return woken(
        app,
        step.vm.vmId,
        await replace(app, stored, tellToStop(step.vm, 'its pool needs it no more', nowMs)),
      );
    case 'call-off': {
      const done = await replace(app, stored, callOff(step.vm, 'its pool needs it no more', nowMs));
      if (done === 'done') await app.compute.stop(step.vm.vmId);
      return done;
    }
  }
}

/** What may live at most is only asked when something is to be added. */
async function sizeSteps(app: App, pool: Pool, vms: readonly Vm[], wanted: number): Promise<SizeStep[]> {
  const nowMs = app.clock.now();
  const steps = decideSize(pool, vms, wanted, Number.MAX_SAFE_INTEGER, nowMs);
  if (!steps.some((step) => step.kind === 'add')) return steps;
  return decideSize(pool, vms, wanted, await vmsMaxOf(app, pool), nowMs);
}

async function vmsMaxOf(app: App, pool: Pool): Promise<number> {
  if (pool.poolId.startsWith(classicTag)) return app.config.classicVms;
  const account = await app.store.get('account', { subscriptionId: pool.subscriptionId });
  return account?.row.maxVmsPerPool ?? 0;
}

/** New rows carry the pool row's etag, so that two runs cannot both add the missing ones. */
async function addVms(app: App, pool: Stored<'pool'>, count: number): Promise<'done' | 'conflict'> {
  const nowMs = app.clock.now();
  const { poolId } = pool.row;
  const writes: Write[] = [{ do: 'replace', kind: 'pool', row: pool.row, etag: pool.etag }];
  for (let n = 0; n < count; n += 1) {
    const vmId = makeVmId(tagOf(poolId), app.random.hex(20));
    writes.push({ do: 'create', kind: 'vm', row: provision(vmId, poolId, nowMs) });
  }
  return (await app.store.commit(writes)).kind;
}

/** The wanted number of VMs, and (classic) idle VMs of accounts that have nothing waiting. */
async function want(
  app: App,
  pool: Pool,
  vms: readonly Vm[],
): Promise<{ wanted: number; strangers: SizeStep[] }> {
  if (pool.poolId.startsWith(classicTag)) {
    const vmsMax = app.config.classicVms;
    // Nothing can be added, and nothing is idle that could leave.
    if (vms.length >= vmsMax && vms.every((vm) => isLiving(vm) && isWorking(vm)))
      return { wanted: vmsMax, strangers: [] };
    const { queue } = await readClassicQueue(app, vmsMax);
    const owners = new Set(queue.map((stored) => stored.row.subscriptionId));
    const strangers = vms.flatMap((vm): SizeStep[] =>
      owners.size > 0 && vm.kind === 'idle' && vm.owner !== undefined && !owners.has(vm.owner)
        ? [{ kind: 'tell-to-stop', vm }]
        : [],
    );
    return { wanted: classicDemand(vms, queue.length, vmsMax, app.clock.now()), strangers };
  }
  const isServed = pool.kind === 'active' && pool.hold === undefined;
  return { wanted: isServed ? pool.wish.vmCount : 0, strangers: [] };
}

/** Machines whose row says stopped, or has gone: seen by a read of the row after the observation, never by absence from a list. */
async function endMachines(app: App, tag: Tag, vms: readonly Stored<'vm'>[], seen: Seen): Promise<void> {
  const rows = new Map(vms.map((stored) => [stored.row.vmId, stored.row]));
  for (const vmId of [...seen.running, ...seen.exited.keys()].filter((id) => id.startsWith(tag))) {
    const row = rows.get(vmId) ?? (await app.store.get('vm', { vmId }))?.row;
    const leftByItself = row?.kind === 'stopped' && row.end === 'left' && seen.running.has(vmId);
    const overdue = row?.kind === 'stopped' && app.clock.now() - row.sinceMs > limits.leaveMs;
    if (row === undefined || (row.kind === 'stopped' && (!leftByItself || overdue)))
      await app.compute.stop(vmId);
  }
}

async function replace(app: App, stored: Stored<'vm'>, row: Vm): Promise<'done' | 'conflict'> {
  return (await app.store.commit([{ do: 'replace', kind: 'vm', row, etag: stored.etag }])).kind;
}

function woken(app: App, vmId: string, outcome: 'done' | 'conflict'): 'done' | 'conflict' {
  if (outcome === 'done') app.wakeups.notify(vmId);
  return outcome;
}
