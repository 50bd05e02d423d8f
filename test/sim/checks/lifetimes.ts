/**
 * The oracle of the bill: a VM's stamped lifetime against what the simulation itself knows of its process. It never
 * trusts a row: a hello cannot be stamped before it was sent, nor an end after the process had ended and its last call
 * was served, nor before the last call that it got an answer to.
 */
import { limits } from '../../../shared/core/limits.ts';
import type { Stopped, Vm } from '../../../shared/core/vm.ts';
import type { VmFacts } from '../facts.ts';
import type { World } from '../simulate.ts';
import type { MakeCheck } from './check.ts';

export const lifetimes: MakeCheck = (world) => {
  const { storage, facts, violations } = world;
  storage.onCommit(({ changes, atMs }) => {
    for (const change of changes) {
      if (change.kind !== 'vm' || change.after === undefined) continue;
      const bad = (text: string) =>
        violations.add('lifetimes', `${change.after!.vmId} ${text}`, [change.after!.vmId]);
      noStepBack(change.before, change.after, bad);
      const vm = facts.vms.get(change.after.vmId);
      if (change.after.kind !== 'stopped') {
        if ('readyMs' in change.after && vm?.helloSentMs === undefined)
          bad('is ready, and its process has never said hello');
        continue;
      }
      if (change.before?.kind !== 'stopped') checkEnd(world, change.after, vm, atMs, bad);
    }
  });
  return {};
};

function checkEnd(
  { facts, config }: World,
  row: Stopped,
  vm: VmFacts | undefined,
  atMs: number,
  bad: (text: string) => void,
): void {
  const errorMs = 2 * facts.clockErrorMs;
  if (row.readyMs === undefined) return;
  if (vm?.helloSentMs === undefined) return bad('is billed, and its process has never said hello');
  if (row.readyMs < vm.helloSentMs - errorMs)
    bad(`is billed from ${row.readyMs}, and said hello at ${vm.helloSentMs}`);
  if (row.atMs < row.readyMs) bad('has a negative lifetime');
  const servedMs = vm.openCalls > 0 ? atMs : vm.lastServedMs;
  const endMs = vm.endMs ?? atMs;
  // The last call may have been a question for work, which is held.
  const callMs = Math.max(limits.requestMsMax, config.vmHoldMs);
  const latestMs = Math.max(endMs, Math.min(servedMs, endMs + callMs + 60_000));
  if (row.atMs > latestMs + errorMs)
    bad(`is billed to ${row.atMs}, ${row.atMs - latestMs} ms after its end (${row.cause})`);
  const answeredMs = vm.lastAnsweredMs ?? vm.helloSentMs;
  if (row.atMs < answeredMs - errorMs && vm.lastAnsweredMs !== undefined)
    bad(
      `is billed to ${row.atMs}, ${answeredMs - row.atMs} ms before a call of its that was answered (${row.cause})`,
    );
}

/** Every instant written is the latest of all that are there. */
function noStepBack(before: Vm | undefined, after: Vm, bad: (text: string) => void): void {
  if (before === undefined) return;
  for (const name of ['createdMs', 'sinceMs', 'readyMs', 'beatMs', 'postedToMs'] as const) {
    const from = (before as Partial<Record<typeof name, number>>)[name];
    const to = (after as Partial<Record<typeof name, number>>)[name];
    if (from !== undefined && to !== undefined && to < from)
      bad(`has ${name} going back from ${from} to ${to}`);
  }
}
