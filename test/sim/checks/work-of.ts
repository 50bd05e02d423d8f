/** What a VM works on, as its row says. */
import { isLiving, isWorking, type Vm, type Working } from '../../../shared/core/vm.ts';

export type Work = Working['job'];

export function workOf(vm: Vm | undefined): Work | undefined {
  return vm !== undefined && isLiving(vm) && isWorking(vm) ? vm.job : undefined;
}

/** The same attempt: it was looked at when it was given, and a beat changes nothing of it. */
export function isSame(one: Work, other: Work | undefined): boolean {
  return one.jobId === other?.jobId && one.attempt === other.attempt;
}
