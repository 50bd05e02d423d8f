import { describe, expect, it } from 'vitest';
import { limits } from '../../shared/core/limits.ts';
import { noBackoff, type Pool } from '../../shared/core/pool.ts';
import { classicDemand, decideSize, judgeVm, type Seen } from '../../shared/core/reconcile.ts';
import {
  beat,
  claim,
  drain,
  provision,
  release,
  strayBeat,
  tellToStop,
  type Vm,
} from '../../shared/core/vm.ts';
import { busyVm, idleVm, poolId, t0, vmIdOf } from './vms.ts';

const pool: Pool = {
  kind: 'active',
  poolId,
  subscriptionId: 'd'.repeat(32),
  wish: { vmCount: 2, stampMs: t0, busyVms: 'drain' },
  backoff: noBackoff,
  createdMs: t0,
};
const seen: Seen = { holder: 'self', hostId: 'me', running: new Set(), exited: new Map() };
const kinds = (vms: readonly Vm[], wanted: number, max = 10, from = pool) =>
  decideSize(from, vms, wanted, max, t0).map((step) => step.kind);

describe('the health of a VM', () => {
  it('starts a machine for a row that has none, once it holds the lease', () => {
    const vm = provision(vmIdOf(1), poolId, t0);
    expect(judgeVm(vm, seen, t0, 30_000)?.kind).toBe('start');
    expect(judgeVm(vm, { ...seen, holder: 'other' }, t0, 30_000)).toBeUndefined();
    expect(judgeVm(claim(vm, 'me'), { ...seen, running: new Set([vm.vmId]) }, t0, 30_000)).toBeUndefined();
  });

  it('gives up one that does not come up in time', () => {
    expect(judgeVm(provision(vmIdOf(1), poolId, t0), seen, t0 + 30_001, 30_000)?.kind).toBe('lose');
  });

  it('believes an exit at once, and the absence from a list never', () => {
    const vm = { ...busyVm(1), hostId: 'me' };
    expect(judgeVm(vm, seen, t0, 30_000)).toBeUndefined();
    expect(judgeVm(vm, { ...seen, exited: new Map([[vm.vmId, 'killed']]) }, t0, 30_000)).toMatchObject({
      kind: 'lose',
      cause: 'killed',
    });
  });

  it('takes over from a host that has ended, but only as the holder', () => {
    const vm = { ...busyVm(1), hostId: 'another' };
    expect(judgeVm(vm, seen, t0, 30_000)?.kind).toBe('lose');
    expect(judgeVm(vm, { ...seen, holder: 'other' }, t0, 30_000)).toBeUndefined();
  });

  it('ends one that was told to leave and does not', () => {
    const vm = tellToStop(idleVm(1), 'not needed', t0);
    expect(judgeVm(vm, seen, t0 + limits.leaveMs, 30_000)).toBeUndefined();
    expect(judgeVm(vm, seen, t0 + limits.leaveMs + 1, 30_000)?.kind).toBe('lose');
  });

  it('ends one that was told to drop its job when its own beats say that it is still at it, not for a stall', () => {
    const vm = release(busyVm(1), 'idle', 'its job was cancelled', t0);
    const lateMs = t0 + limits.leaveMs + 1;
    expect(judgeVm(vm, seen, lateMs, 30_000)).toBeUndefined();
    // It has dropped its job, and its question for more was taken by an instance that stands still.
    expect(judgeVm(beat(vm, lateMs), seen, lateMs, 30_000)).toBeUndefined();
    const atIt = strayBeat(vm, t0 + limits.leaveMs);
    expect(judgeVm(atIt, seen, lateMs, 30_000)).toBeUndefined();
    expect(judgeVm(strayBeat(atIt, lateMs), seen, lateMs, 30_000)?.kind).toBe('lose');
  });
});

describe('the size of a pool', () => {
  it('adds what is missing and nothing when nothing is', () => {
    expect(decideSize(pool, [idleVm(1)], 3, 10, t0)).toEqual([{ kind: 'add', count: 2 }]);
    expect(kinds([idleVm(1), busyVm(2)], 2)).toEqual([]);
  });

  it('never lets more live than the quota', () => {
    const leaving = tellToStop(idleVm(3), 'x', t0);
    expect(decideSize(pool, [idleVm(1), leaving], 4, 3, t0)).toEqual([{ kind: 'add', count: 1 }]);
    expect(kinds([idleVm(1), idleVm(2)], 4, 1)).toEqual([]);
  });

  it('waits out the pause after failures', () => {
    const paused = { ...pool, backoff: { failures: 3, retryAtMs: t0 + 1 } };
    expect(kinds([], 2, 10, paused)).toEqual([]);
  });

  it('shrinks by VMs that are not up, then idle ones, then busy ones', () => {
    const vms = [busyVm(1), idleVm(2), provision(vmIdOf(3), poolId, t0)];
    expect(kinds(vms, 2)).toEqual(['call-off']);
    expect(kinds(vms, 1)).toEqual(['call-off', 'tell-to-stop']);
    expect(kinds(vms, 0)).toEqual(['call-off', 'tell-to-stop', 'drain']);
  });

  it('takes jobs back on request', () => {
    const requeueing = { ...pool, wish: { ...pool.wish, busyVms: 'requeue' as const } };
    expect(kinds([busyVm(1)], 0, 10, requeueing)).toEqual(['requeue']);
  });

  it('grows by taking draining VMs back first', () => {
    const vms = [drain(busyVm(1), t0), drain(busyVm(2), t0)];
    expect(kinds(vms, 1)).toEqual(['take-back']);
    expect(decideSize(pool, vms, 3, 10, t0).map((step) => step.kind)).toEqual([
      'take-back',
      'take-back',
      'add',
    ]);
  });

  it('counts a VM that drops a cancelled job and goes on', () => {
    expect(kinds([release(busyVm(1), 'idle', 'cancelled', t0)], 1)).toEqual([]);
  });
});

describe('classic demand', () => {
  it('follows what waits and works, up to the setting', () => {
    expect(classicDemand([], 0, 2, t0)).toBe(0);
    expect(classicDemand([busyVm(1)], 5, 2, t0)).toBe(2);
    expect(classicDemand([busyVm(1)], 0, 2, t0)).toBe(1);
  });

  it('keeps an idle VM for a while, then lets it go', () => {
    expect(classicDemand([idleVm(1)], 0, 2, t0 + limits.classicIdleMs)).toBe(1);
    expect(classicDemand([idleVm(1)], 0, 2, t0 + limits.classicIdleMs + 1)).toBe(0);
  });
});
