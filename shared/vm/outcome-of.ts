/** How a job ends after an exception: whose fault it was, in a code of the contract and a sentence. */
import { shown } from '../core/refusal.ts';
import { ScoringError } from '../scoring/scoring-error.ts';
import { JobFault, type JobFaultCode } from './job-fault.ts';

export type FaultOutcome = {
  readonly code: JobFaultCode;
  readonly message: string;
  /** Nobody foresaw it: what the VM keeps warm is not to be trusted any more. */
  readonly isOfTheVm: boolean;
};

const messageLengthMax = 2_000;

export function outcomeOf(error: unknown): FaultOutcome {
  if (error instanceof JobFault || error instanceof ScoringError) {
    return { code: error.code, message: shown(error.message, messageLengthMax), isOfTheVm: false };
  }
  if (isOutOfMemory(error)) {
    return { code: 'OutOfMemoryLimit', message: 'The memory of the VM ran out.', isOfTheVm: true };
  }
  const text = error instanceof Error ? error.message : String(error);
  return {
    code: 'ModuleExecutionError',
    message: `The job failed on its VM: ${shown(text, 500)}.`,
    isOfTheVm: true,
  };
}

function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') return true;
  return error instanceof RangeError && error.message.includes('allocation failed');
}
