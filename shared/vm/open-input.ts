/** A job's input as rows for the engine, whatever its blob holds. */
import { dataFormatOf, plainCsv } from '../core/data-format.ts';
import type { InputHandle } from '../core/vm-protocol.ts';
import { gunzipped } from '../formats/gzip.ts';
import { openTable, type TableFile } from '../formats/open-table.ts';
import type { TableSource } from '../formats/table-source.ts';
import { openErrorRows } from '../scoring/error-rows.ts';
import type { Patience } from './blob-patience.ts';
import { inputRefused, notReached } from './blob-refusal.ts';
import { readBlob } from './input-blob.ts';

export type OpenInput = {
  readonly table: TableSource;
  readonly sourceName: string;
  /** Bytes of the blob that are done, when the engine has done `bytesDone` of what it was given. */
  readonly bytesDone: (bytesDone: number) => number;
};

/** @throws ScoringError and JobFault, here or while it is read */
export async function openInput(
  input: InputHandle,
  patience: Patience,
  signal: AbortSignal,
): Promise<OpenInput> {
  let bytesRead = 0;
  const file = fileOf(input, patience, signal, (bytes) => {
    bytesRead += bytes;
  });
  // What Parquet keeps at its end is read beside everything else.
  const bytesDone = (): number => Math.min(bytesRead, input.bytes);
  const sourceName = input.name.slice(input.name.lastIndexOf('/') + 1);
  const format = dataFormatOf(sourceName) ?? plainCsv;
  if (input.reads === 'row-errors') {
    const stream = format.packing === 'gzip' ? gunzipped(file.stream(), sourceName) : file.stream();
    const { delimiter, rows } = await openErrorRows(stream, sourceName);
    return { table: { source: rows, delimiter, types: [] }, sourceName, bytesDone };
  }
  const table = await openTable(file, format, sourceName);
  const isAsItIs = (format.kind === 'csv' || format.kind === 'tsv') && format.packing === 'none';
  return { table, sourceName, bytesDone: isAsItIs ? (bytes) => bytes : bytesDone };
}

function fileOf(
  input: InputHandle,
  patience: Patience,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): TableFile {
  const blob = {
    url: input.url,
    etag: input.etag,
    bytes: input.bytes,
    patience,
    refused: (refusal: Parameters<typeof inputRefused>[1]) => inputRefused(input.name, refusal),
    notReached: (why: string) => notReached('Input', input.name, why),
  };
  async function* counted(part: typeof blob): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of readBlob(part, signal)) {
      onBytes(chunk.length);
      yield chunk;
    }
  }
  return {
    bytes: input.bytes,
    stream: () => counted(blob),
    read: async (start, end) => {
      const whole = new Uint8Array(end - start);
      let at = 0;
      const part = { ...blob, bytes: end, from: start, extent: 'part' as const };
      for await (const chunk of counted(part)) {
        whole.set(chunk, at);
        at += chunk.length;
      }
      return whole.buffer;
    },
  };
}
