/** Pools, their VMs and jobs on the wire (api.md, "Account"). */
import type { PoolView } from '../app/pools.ts';
import type { Job } from '../core/job.ts';
import { progressOf, type Progress } from '../core/progress.ts';
import type { Pool } from '../core/pool.ts';
import { isLiving, isWorking, type Vm } from '../core/vm.ts';
import { isoTime } from './iso-time.ts';
import { vmStates, type PoolJobReply, type PoolReply, type VmReply } from './pool-replies.ts';

/** So many VMs that failed one after the other, and the pool says why. */
const failuresShown = 5;

type VmState = (typeof vmStates)[number];

export function poolJson(view: PoolView): PoolReply {
  const { pool } = view;
  const states = view.vms.map(stateOf).filter((state) => state !== undefined);
  const vms = Object.fromEntries(
    vmStates.map((state) => [state, states.filter((one) => one === state).length]),
  ) as Record<VmState, number>;
  const vmCount = pool.kind === 'active' ? pool.wish.vmCount : 0;
  const isSteady = vms.provisioning + vms.draining === 0 && vms.idle + vms.busy === vmCount;
  const running = view.vms.filter((vm) => isLiving(vm) && isWorking(vm)).length;
  const reason = reasonOf(pool);
  return {
    poolId: pool.poolId,
    name: pool.name ?? null,
    state: pool.kind,
    vmCount,
    vms,
    allocationState: isSteady ? 'steady' : 'resizing',
    jobs: { queued: view.queued, running, ...(view.capped ? { capped: true } : {}) },
    billing: { serviceId: pool.serviceId ?? null, commitmentPlanId: view.commitmentPlanId ?? null },
    ...(reason === undefined ? {} : { reason }),
    createdAt: isoTime(pool.createdMs),
  };
}

function reasonOf({ backoff, hold }: Pool): string | undefined {
  if (hold !== undefined) return hold;
  if (backoff.failures < failuresShown) return undefined;
  return `${backoff.failures} VMs failed one after the other, the last one because ${backoff.last ?? 'of an unknown cause'}.`;
}

/** `releasing` and `stopping` VMs are on their way out like draining ones; one that left by itself is not shown. */
function stateOf(vm: Vm): VmState | undefined {
  switch (vm.kind) {
    case 'provisioning':
    case 'idle':
    case 'busy':
    case 'draining':
      return vm.kind;
    case 'releasing':
    case 'stopping':
      return 'draining';
    case 'stopped':
      return vm.end === 'failed' ? 'failed' : undefined;
  }
}

export function vmsJson(vms: readonly Vm[]): VmReply[] {
  return vms.flatMap((vm) => {
    const state = stateOf(vm);
    if (state === undefined) return [];
    const readyMs = vm.kind === 'provisioning' ? undefined : vm.readyMs;
    return [
      {
        vmId: vm.vmId,
        state,
        since: isoTime(vm.sinceMs),
        readyAt: isoTime(readyMs),
        ...(isLiving(vm) && isWorking(vm) ? { jobId: vm.job.jobId } : {}),
        ...(vm.kind === 'stopped' ? { failure: vm.cause } : {}),
      },
    ];
  });
}

/** @param vms of the same pool: they know how far the running jobs are */
export function poolJobJson(job: Job, vms: readonly Vm[]): PoolJobReply {
  return {
    jobId: job.jobId,
    serviceId: job.serviceId,
    status: job.kind,
    registeredAt: isoTime(job.registeredMs),
    startedAt: isoTime('startedMs' in job ? job.startedMs : undefined),
    runningAt: isoTime('runningMs' in job ? job.runningMs : undefined),
    endedAt: isoTime('endMs' in job ? job.endMs : undefined),
    attempt: job.attempt,
    vmId: ('vmId' in job ? job.vmId : undefined) ?? null,
    ...rowsOf(job, vms),
    ...(job.reason === undefined ? {} : { reason: job.reason }),
  };
}

function rowsOf(job: Job, vms: readonly Vm[]): Pick<Progress, 'rowsDone' | 'rowsTotal'> {
  if (job.kind === 'finished') return { rowsDone: job.rows, rowsTotal: job.rows };
  const vm = vms.find((one) => isLiving(one) && isWorking(one) && one.job.jobId === job.jobId);
  if (job.kind !== 'running' || vm === undefined || !isLiving(vm) || !isWorking(vm)) return { rowsDone: 0 };
  const { rowsDone, rowsTotal } = progressOf(job, vm);
  return rowsTotal === undefined ? { rowsDone } : { rowsDone, rowsTotal };
}
