import { describe, expect, it } from 'vitest';
import { limits } from '../../shared/core/limits.ts';
import {
  beat,
  drain,
  free,
  judgeLease,
  leave,
  lose,
  occupy,
  provision,
  ready,
  release,
  released,
  suspect,
} from '../../shared/core/vm.ts';
import { busyVm, idleVm, poolId, t0, vmIdOf } from './vms.ts';

describe('a VM', () => {
  it('is billable from its hello, not from its request', () => {
    const vm = ready(provision(vmIdOf(1), poolId, t0), 'f'.repeat(32), t0 + 7_000);
    expect(vm.readyMs).toBe(t0 + 7_000);
  });

  it('never writes an instant that lies before one already written', () => {
    const vm = beat(idleVm(1, t0), t0 + 60_000);
    const late = occupy(vm, { jobId: 'b'.repeat(32), attempt: 1 }, t0 + 10_000);
    expect(late.job.assignedMs).toBe(t0 + 60_000);
    expect(leave(vm, t0 + 1).atMs).toBe(t0 + 60_000);
  });

  it('that is lost is billed to its last sign of life', () => {
    const vm = beat(busyVm(1), t0 + 9_000);
    expect(lose(vm, 'gone', t0 + 99_000)).toMatchObject({ kind: 'stopped', atMs: t0 + 9_000, end: 'failed' });
  });

  it('that never said hello costs nothing', () => {
    expect(lose(provision(vmIdOf(1), poolId, t0), 'never came', t0 + 5)).not.toHaveProperty('readyMs');
  });

  it('stops after its job when it drains, and goes on when it does not', () => {
    expect(free(drain(busyVm(1), t0), t0 + 1).kind).toBe('stopping');
    expect(free(busyVm(1), t0 + 1).kind).toBe('idle');
  });

  it('that was draining stops after a release too', () => {
    const vm = release(drain(busyVm(1), t0), 'idle', 'cancelled', t0 + 1);
    expect(released(vm, t0 + 2).kind).toBe('stopping');
    expect(released(release(busyVm(1), 'idle', 'cancelled', t0), t0 + 2).kind).toBe('idle');
  });
});

describe('the lease', () => {
  const lapsed = t0 + limits.leaseMs + 1;

  it('holds until it lapses', () => {
    expect(judgeLease(idleVm(1), t0 + limits.leaseMs)).toBe('held');
    expect(judgeLease(idleVm(1), lapsed)).toBe('suspect');
  });

  it('needs two looks, at least one beat apart', () => {
    const vm = suspect(idleVm(1), lapsed);
    expect(judgeLease(vm, lapsed + limits.suspectMs - 1)).toBe('held');
    expect(judgeLease(vm, lapsed + limits.suspectMs)).toBe('lost');
  });

  it('is renewed by a beat between the looks', () => {
    const vm = beat(suspect(idleVm(1), lapsed), lapsed + 1);
    expect(judgeLease(vm, lapsed + limits.suspectMs)).toBe('held');
  });

  it('runs from the assignment when the last idle beat is long ago', () => {
    const vm = occupy(idleVm(1), { jobId: 'b'.repeat(32), attempt: 1 }, t0 + 600_000);
    expect(judgeLease(vm, t0 + 600_000 + limits.leaseMs)).toBe('held');
  });
});
