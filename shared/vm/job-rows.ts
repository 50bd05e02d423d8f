/** Where a job's rows come from: its input's blob, or, of a web service without inputs, one row of its parameters. */
import type { Assignment, InputHandle } from '../core/vm-protocol.ts';
import { comma } from '../scoring/csv-bytes.ts';
import type { ModelInfo } from '../scoring/model-info.ts';
import { quoteField } from '../scoring/quote-field.ts';
import type { Patience } from './blob-patience.ts';
import { inputRefused, notReached } from './blob-refusal.ts';
import { constantsOf } from './constants-of.ts';
import { readBlob } from './input-blob.ts';

export type JobRows = {
  readonly source: AsyncIterable<Uint8Array>;
  /** How messages call it. */
  readonly sourceName: string;
  readonly delimiter: ',' | '\t';
  /** What is the same in each row. */
  readonly constants: ReturnType<typeof constantsOf>;
};

export type RowsOptions = {
  readonly info: Pick<ModelInfo, 'inputs'>;
  readonly patience: Patience;
  readonly signal: AbortSignal;
};

/** @param input undefined: the web service has none */
export function jobRows(
  { parameters }: Pick<Assignment, 'parameters'>,
  input: InputHandle | undefined,
  options: RowsOptions,
): JobRows {
  const constants = constantsOf(parameters, options.info);
  if (input === undefined) {
    return { source: oneRow(constants), sourceName: 'GlobalParameters', delimiter: ',', constants: {} };
  }
  return {
    source: readBlob(
      {
        url: input.url,
        etag: input.etag,
        bytes: input.bytes,
        patience: options.patience,
        refused: (refusal) => inputRefused(input.name, refusal),
        notReached: (why) => notReached('Input', input.name, why),
      },
      options.signal,
    ),
    sourceName: input.name.slice(input.name.lastIndexOf('/') + 1),
    delimiter: input.name.toLowerCase().endsWith('.tsv') ? '\t' : ',',
    constants,
  };
}

async function* oneRow(values: JobRows['constants']): AsyncGenerator<Uint8Array, void> {
  const line = (cells: readonly unknown[]) =>
    `${cells.map((cell) => quoteField(String(cell), comma)).join(',')}\n`;
  yield new TextEncoder().encode(line(Object.keys(values)) + line(Object.values(values)));
}
