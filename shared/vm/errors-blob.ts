/** A job's error file on its way to its blob: nothing is asked of the storage before the first row is at fault. */
import type { Tally } from '../core/vm-protocol.ts';
import { makeOutputBlob, type OutputBlob, type OutputBlobOptions } from './output-blob.ts';
import { lookAtOutput } from './output-look.ts';

export type ErrorsBlob = {
  write(chunk: Uint8Array): Promise<void>;
  /** `committed` also where there is nothing to commit; otherwise as of an output. */
  commit(tally: Tally): Promise<'committed' | 'conflict'>;
};

type State =
  | { readonly kind: 'none' }
  | { readonly kind: 'blob'; readonly blob: OutputBlob }
  | { readonly kind: 'there' };

export function makeErrorsBlob(options: Omit<OutputBlobOptions, 'noted'>): ErrorsBlob {
  let state: State = { kind: 'none' };
  const begin = async (): Promise<State> => {
    const { handle, jobId, patience, signal } = options;
    const look = await lookAtOutput(handle, jobId, patience, signal);
    // An earlier attempt has committed the same one: input, model and parameters are pinned.
    if (look.kind === 'ours') return { kind: 'there' };
    return { kind: 'blob', blob: makeOutputBlob({ ...options, noted: look }) };
  };
  return {
    write: async (chunk) => {
      if (state.kind === 'none') state = await begin();
      if (state.kind === 'blob') await state.blob.write(chunk);
    },
    commit: async (tally) => {
      if (state.kind !== 'blob') return 'committed';
      await state.blob.stageRest();
      return state.blob.commit(tally);
    },
  };
}
