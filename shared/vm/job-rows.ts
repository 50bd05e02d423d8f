/** Where a job's rows come from: its input's blob, or, of a web service without inputs, one row of its parameters. */
import type { Assignment, InputHandle } from '../core/vm-protocol.ts';
import { comma } from '../scoring/csv-bytes.ts';
import type { ModelInfo } from '../scoring/model-info.ts';
import { quoteField } from '../scoring/quote-field.ts';
import type { ScoreJob } from '../scoring/score-job.ts';
import type { Patience } from './blob-patience.ts';
import { constantsOf } from './constants-of.ts';
import { openInput } from './open-input.ts';

export type JobRows = {
  readonly rows: Pick<ScoreJob, 'source' | 'sourceName' | 'delimiter' | 'constants'>;
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
    const rows = { source: oneRow(constants), sourceName: 'GlobalParameters' };
    return { rows, bytesDone: () => 0 };
  }
  const { read, bytesDone } = await openInput(input, patience, signal);
  return { rows: { ...read, constants }, bytesDone };
}

async function* oneRow(values: ReturnType<typeof constantsOf>): AsyncGenerator<Uint8Array, void> {
  const line = (cells: readonly unknown[]) =>
    `${cells.map((cell) => quoteField(String(cell), comma)).join(',')}\n`;
  yield new TextEncoder().encode(line(Object.keys(values)) + line(Object.values(values)));
}
