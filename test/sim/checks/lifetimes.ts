/**
 * The oracle of the bill: a VM's stamped lifetime against what the simulation itself knows of its process. It never
 * trusts a row: a hello cannot be stamped before it was sent, nor an end after the process had ended and its last call
 * was served, nor before the last call that it got an answer to.
 */
import { limits } from '../../../shared/core/limits.ts';
import { isLiving, type Stopped } from '../../../shared/core/vm.ts';
import type { VmFacts } from '../facts.ts';
import type { World } from '../simulate.ts';
import type { MakeCheck } from './check.ts';

export const lifetimes: MakeCheck = (world) => {
  const { storage, facts, violations } = world;
  storage.onChange('vm', ({ before, after }, { atMs }) => {
    if (after === undefined) return;
    const bad = (text: string) => violations.add('lifetimes', `${after.vmId} ${text}`, [after.vmId]);
    if (before !== undefined) noStepBack(before, after, bad);
    if (after.kind === before?.kind) return;
    const vm = facts.vms.get(after.vmId);
    if (after.kind === 'stopped') checkEnd(world, after, vm, atMs, bad);
    else if (isLiving(after) && vm?.helloSentMs === undefined)
      bad('is ready, and its process has never said hello');
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

type Instants = Partial<Record<'createdMs' | 'sinceMs' | 'readyMs' | 'beatMs' | 'postedToMs', number>>;

/** Every instant written is the latest of all that are there. */
function noStepBack(from: Instants, to: Instants, bad: (text: string) => void): void {
  const check = (name: keyof Instants, fromMs: number | undefined, toMs: number | undefined) => {
    if (fromMs !== undefined && toMs !== undefined && toMs < fromMs)
      bad(`has ${name} going back from ${fromMs} to ${toMs}`);
  };
  check('createdMs', from.createdMs, to.createdMs);
  check('sinceMs', from.sinceMs, to.sinceMs);
  check('readyMs', from.readyMs, to.readyMs);
  check('beatMs', from.beatMs, to.beatMs);
  check('postedToMs', from.postedToMs, to.postedToMs);
}
