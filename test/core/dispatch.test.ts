import { describe, expect, it } from 'vitest';
import { pair, type Wait } from '../../shared/core/dispatch.ts';
import { occupy, suspect } from '../../shared/core/vm.ts';
import { busyVm, idleVm, poolId, t0 } from './vms.ts';

const wait = (n: number, subscriptionId = 'x'): Wait => ({
  poolId,
  lane: '0',
  startedMs: t0 + n,
  jobId: `job${n}`,
  subscriptionId,
});
const paired = (vms: Parameters<typeof pair>[0], queue: Wait[], max = 33) =>
  pair(vms, queue, max).map(({ wait: one }) => one.jobId);

describe('pairing', () => {
  it('serves the head of the queue first and only with idle VMs', () => {
    expect(paired([idleVm(1), busyVm(2), idleVm(3)], [wait(1), wait(2), wait(3)])).toEqual(['job1', 'job2']);
  });

  it('gives nothing to a VM whose lease is in doubt', () => {
    expect(paired([suspect(idleVm(1), t0)], [wait(1)])).toEqual([]);
  });

  it('stops at the most', () => {
    expect(paired([idleVm(1), idleVm(2)], [wait(1), wait(2)], 1)).toEqual(['job1']);
  });

  it('keeps a VM that worked for one account from another, and passes the job over', () => {
    const owned = { ...occupy(idleVm(1), { jobId: 'j', attempt: 1 }, t0, 'alice') };
    const idle = { ...idleVm(1), owner: owned.owner ?? '' };
    expect(paired([idle], [wait(1, 'bob'), wait(2, 'alice')])).toEqual(['job2']);
  });
});
