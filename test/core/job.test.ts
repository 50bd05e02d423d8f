import { describe, expect, it } from 'vitest';
import { makeJobId, parseSubscriptionId, registeredMsOf, tagOf } from '../../shared/core/ids.ts';
import {
  assign,
  cancel,
  fail,
  finish,
  loseVm,
  queue,
  requeue,
  type Queued,
  type Registered,
  type Running,
} from '../../shared/core/job.ts';
import { limits } from '../../shared/core/limits.ts';
import { t0, vmIdOf } from './vms.ts';

const registered: Registered = {
  kind: 'registered',
  jobId: makeJobId('a'.repeat(12), t0, '1'.repeat(9)),
  subscriptionId: 'd'.repeat(32),
  serviceId: 'e'.repeat(32),
  poolId: 'a'.repeat(32),
  lane: '0',
  registeredMs: t0,
  attempt: 0,
  losses: 0,
};
const pins = { input1: { etag: '"1"', bytes: 5 } };
const running = (job: Queued): Running => assign(job, vmIdOf(1), t0 + 100);

describe('a job', () => {
  it('gets an attempt with every dispatch and keeps its place and its inputs', () => {
    const first = running(queue(registered, pins, t0 + 10));
    const again = running(requeue(first, 'resized'));
    expect([first.attempt, again.attempt]).toEqual([1, 2]);
    expect(again).toMatchObject({ startedMs: t0 + 10, inputs: pins, losses: 0 });
    expect(again).not.toHaveProperty('reason');
  });

  it('survives two lost VMs and fails with the cause at the third', () => {
    let job = queue(registered, pins, t0);
    for (let loss = 1; loss < limits.lossesMax; loss += 1) {
      const next = loseVm(running(job), 'killed', t0 + 200);
      expect(next).toMatchObject({ kind: 'queued', losses: loss, startedMs: t0 });
      job = next as Queued;
    }
    const last = loseVm(running(job), 'killed by SIGKILL', t0 + 300);
    expect(last).toMatchObject({ kind: 'failed', endMs: t0 + 300 });
    expect(last.reason).toContain('killed by SIGKILL');
  });

  it('never ends before it began', () => {
    const job = running(queue(registered, pins, t0));
    expect(finish(job, 3, {}, t0 - 5_000).endMs).toBe(t0 + 100);
    expect(fail(job, 'X', 'x', t0 - 5_000).endMs).toBe(t0 + 100);
    expect(cancel(registered, 'x', t0 - 1).endMs).toBe(t0);
  });
});

describe('ids', () => {
  it('of jobs say where they live and when they were made, newest first', () => {
    const later = makeJobId('a'.repeat(12), t0 + 1, '0'.repeat(9));
    expect(registeredMsOf(registered.jobId)).toBe(t0);
    expect(tagOf(registered.jobId)).toBe('a'.repeat(12));
    expect(later < registered.jobId).toBe(true);
  });

  it('of subscriptions come with and without dashes', () => {
    expect(parseSubscriptionId('8DFC151B-0d3e-4464-97b8-45f3b29ef53b')).toBe(
      '8dfc151b0d3e446497b845f3b29ef53b',
    );
    expect(parseSubscriptionId('8dfc151b')).toBeUndefined();
  });
});
