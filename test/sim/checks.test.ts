/** What the checks must not take for a violation: found by seeds, each by its shortest trace. */
import { describe, expect, it } from 'vitest';
import type { Kind } from '../../shared/app/ports.ts';
import { limits } from '../../shared/core/limits.ts';
import { noBackoff } from '../../shared/core/pool.ts';
import type { Releasing, Stopped, Vm } from '../../shared/core/vm.ts';
import type { Wait } from '../../shared/core/dispatch.ts';
import { tables } from '../../shared/storage/row-places.ts';
import { healthyVms } from './checks/healthy.ts';
import { promptness } from './checks/prompt.ts';
import { makeFacts } from './facts.ts';
import { Scheduler } from './scheduler.ts';
import type { Change, Committed } from './shadow.ts';
import type { World } from './simulate.ts';
import { Violations } from './violations.ts';

const tag = 'a'.repeat(12);
const poolId = 'a'.repeat(32);
const vmId = `${tag}${'b'.repeat(20)}`;
const hourMs = 3_600_000;

/** As much of a world as a check of commits needs. */
function makeStage() {
  const scheduler = new Scheduler(10 * hourMs);
  const violations = new Violations(scheduler);
  const facts = makeFacts();
  const rows = new Map<string, unknown>();
  const watchers: ((committed: Committed) => void)[] = [];
  const storage = {
    shadow: { rows: () => rows },
    onCommit: (watcher: (committed: Committed) => void) => watchers.push(watcher),
    onChange(kind: Kind, watcher: (change: Change, committed: Committed) => void) {
      watchers.push((committed) => {
        for (const change of committed.changes) if (change.kind === kind) watcher(change, committed);
      });
    },
  };
  const hooks = { onStop: [] };
  const mix = { dispatch: 'at-once', fault: 0, netLoss: 0 };
  return {
    world: { scheduler, violations, facts, storage, hooks, mix } as unknown as World,
    rows,
    commit(changes: readonly Change[]) {
      const committed = { atMs: scheduler.nowMs, by: 'host-1', table: tables.pools, pk: tag, changes };
      for (const watcher of watchers) watcher(committed);
    },
  };
}

describe('the check of healthy VMs', () => {
  const releasing = {
    vmId,
    poolId,
    kind: 'releasing',
    after: 'idle',
    why: 'its job was cancelled',
    sinceMs: 9 * hourMs,
    beatMs: 10 * hourMs,
  } as Releasing;
  const cause = 'it did not leave in time (its job was cancelled)';
  const stopped = { vmId, poolId, kind: 'stopped', atMs: 10 * hourMs, cause } as Stopped;

  it('knows of one that was told to drop its job and is stopped', () => {
    const { world, commit } = makeStage();
    healthyVms(world);
    const lived = { openCalls: 1, lastServedMs: 0, healthyFromMs: 0, doubled: false };
    world.facts.vms.set(vmId, { vmId, poolId, ...lived });
    commit([{ kind: 'vm', before: releasing, after: stopped }]);
    expect(world.violations.found).toHaveLength(1);
  });
});

describe('the check of promptness', () => {
  const idle = { vmId, poolId, kind: 'idle', beatMs: 10 * hourMs } as Vm;
  const wait = { poolId, lane: '0', startedMs: 1, jobId: vmId, subscriptionId: poolId } satisfies Wait;

  it.each([
    ['free', idle, 1],
    ['in doubt', { ...idle, suspectMs: 10 * hourMs } as Vm, 0],
  ])('knows of a job that waits beside a VM that is %s', async (_, vm, found) => {
    const { world, rows, commit } = makeStage();
    promptness(world);
    const wish = { vmCount: 1, stampMs: 1, busyVms: 'drain' };
    rows.set('m', { kind: 'active', poolId, wish, backoff: noBackoff, createdMs: 1 });
    rows.set(`vm|${vmId}`, vm).set('wait|0|1', wait);
    commit([{ kind: 'wait', before: undefined, after: wait }]);
    await world.scheduler.runUntil(world.scheduler.nowMs + limits.leaseMs);
    expect(world.violations.found).toHaveLength(found);
  });
});
