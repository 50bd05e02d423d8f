/** A job's input as rows for the engine, whatever its blob holds. */
import type { InputHandle } from '../core/vm-protocol.ts';
import { openErrorRows } from '../scoring/error-rows.ts';
import type { ScoreJob } from '../scoring/score-job.ts';
import type { Patience } from './blob-patience.ts';
import { inputRefused, notReached } from './blob-refusal.ts';
import { readBlob } from './input-blob.ts';

export type OpenInput = {
  readonly read: Pick<ScoreJob, 'source' | 'sourceName' | 'delimiter'>;
  /** Bytes of the blob that are done, when the engine has done `bytesDone` of what it was given. */
  readonly bytesDone: (bytesDone: number) => number;
};

/** @throws ScoringError and JobFault, here or while it is read */
export async function openInput(
  input: InputHandle,
  patience: Patience,
  signal: AbortSignal,
): Promise<OpenInput> {
  const blob = readBlob(
    {
      url: input.url,
      etag: input.etag,
      bytes: input.bytes,
      patience,
      refused: (refusal) => inputRefused(input.name, refusal),
      notReached: (why) => notReached('Input', input.name, why),
    },
    signal,
  );
  const sourceName = input.name.slice(input.name.lastIndexOf('/') + 1);
  if (input.reads === 'table') {
    const delimiter = sourceName.toLowerCase().endsWith('.tsv') ? '\t' : ',';
    return { read: { source: blob, sourceName, delimiter }, bytesDone: (bytes) => bytes };
  }
  let bytesRead = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of blob) {
      bytesRead += chunk.length;
      yield chunk;
    }
  }
  const { delimiter, rows } = await openErrorRows(counted(), sourceName);
  return { read: { source: rows, sourceName, delimiter }, bytesDone: () => bytesRead };
}
