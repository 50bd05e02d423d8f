/** Where a job's rows come from: its input's blob, or, of a web service without inputs, one row of its parameters. */
import type { Assignment, InputHandle } from '../core/vm-protocol.ts';
import { csvRecord } from '../formats/csv-text.ts';
import type { TableSource } from '../formats/table-source.ts';
import type { ModelInfo } from '../scoring/model-info.ts';
import type { Patience } from './blob-patience.ts';
import { constantsOf } from './constants-of.ts';
import { openInput } from './open-input.ts';

export type JobRows = {
  readonly table: TableSource;
  /** How messages call it. */
  readonly sourceName: string;
  /** What is the same in each row. */
  readonly constants: ReturnType<typeof constantsOf>;
  /** Bytes of the input that are done, when the engine has done `bytesDone` of what it was given. */
  readonly bytesDone: (bytesDone: number) => number;
};

export type RowsOptions = {
  readonly info: Pick<ModelInfo, 'inputs'>;
  readonly patience: Patience;
  readonly signal: AbortSignal;
};

/** @param input undefined: the web service has none @throws ScoringError and JobFault, here or while rows are read */
export async function jobRows(
  { parameters }: Pick<Assignment, 'parameters'>,
  input: InputHandle | undefined,
  { info, patience, signal }: RowsOptions,
): Promise<JobRows> {
  const constants = constantsOf(parameters, info);
  if (input === undefined) {
    const table = { source: oneRow(constants), types: [] };
    return { table, sourceName: 'GlobalParameters', constants: {}, bytesDone: () => 0 };
  }
  return { ...(await openInput(input, patience, signal)), constants };
}

async function* oneRow(values: ReturnType<typeof constantsOf>): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(csvRecord(Object.keys(values)) + csvRecord(Object.values(values).map(String)));
}
