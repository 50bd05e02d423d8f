/** One assignment from its blobs to its blob: what a VM does between `work` and `finish`. */
import type { Assignment, InputHandle, Outcome, OutputHandle } from '../core/vm-protocol.ts';
import { backoffMs } from './backoff.ts';
import type { Patience } from './blob-patience.ts';
import { inputRefused, named, notReached } from './blob-refusal.ts';
import { constantsOf } from './constants-of.ts';
import { readBlob } from './input-blob.ts';
import { JobFault } from './job-fault.ts';
import type { ModelCache } from './model-cache.ts';
import { outcomeOf } from './outcome-of.ts';
import { makeOutputBlob } from './output-blob.ts';
import { lookAtOutput, type OutputLook } from './output-look.ts';
import { pause } from './pause.ts';

export type RunParts = {
  readonly models: ModelCache;
  readonly patience: Patience;
  /** First and longest pause between two rounds of one attempt. Default 100 ms, 10 s. */
  readonly rounds?: { readonly firstMs: number; readonly maxMs: number };
};

export type RunOptions = {
  /** Fires when the job is no longer this VM's, or when the VM is to leave. */
  readonly signal: AbortSignal;
  readonly onRows: (rowsDone: number) => void;
  /** Asks the service whether the job is still this VM's; the signal fires when it is not. */
  readonly stillOurs: () => Promise<void>;
};

/** So often an attempt stages again because someone else wrote to its output. */
const roundsMax = 10;

/** Everything that can go wrong is an outcome. @throws the signal's reason, and nothing else. */
export async function runAssignment(
  parts: RunParts,
  assignment: Assignment,
  options: RunOptions,
): Promise<Outcome> {
  try {
    return { kind: 'finished', rows: await writeOnce(parts, assignment, options) };
  } catch (error) {
    options.signal.throwIfAborted();
    const outcome = outcomeOf(error);
    if (outcome.isOfTheVm) await parts.models.discard().catch(() => undefined);
    return { kind: 'failed', code: outcome.code, message: outcome.message };
  }
}

async function writeOnce(parts: RunParts, assignment: Assignment, options: RunOptions): Promise<number> {
  const input = only(assignment.inputs, 'input');
  const output = only(assignment.outputs, 'output');
  const look = () => lookAtOutput(output, assignment.jobId, parts.patience, options.signal);
  for (let round = 0; round <= roundsMax; round += 1) {
    let noted = await look();
    if (noted.kind !== 'ours' && round > 0) {
      await pause(
        backoffMs(parts.rounds ?? { firstMs: 100, maxMs: 10_000 }, round, Math.random()),
        options.signal,
      );
      await options.stillOurs();
      noted = await look();
    }
    if (noted.kind === 'ours') return noted.rows;
    const rows = await scoreAndCommit(parts, assignment, options, { input, output, noted, round });
    if (rows !== 'conflict') return rows;
  }
  throw new JobFault(
    'InvalidBlob',
    `Output ${named(output.name)} was written by someone else each of the ${roundsMax + 1} times that this job was about to. Choose a name of its own for each result.`,
  );
}

type Round = {
  readonly input: InputHandle;
  readonly output: OutputHandle;
  readonly noted: Exclude<OutputLook, { kind: 'ours' }>;
  readonly round: number;
};

async function scoreAndCommit(
  parts: RunParts,
  assignment: Assignment,
  options: RunOptions,
  { input, output, noted, round }: Round,
): Promise<number | 'conflict'> {
  const { jobId, attempt } = assignment;
  const { signal } = options;
  const { patience } = parts;
  const engine = await parts.models.open(assignment.model, signal);
  const blob = makeOutputBlob({ handle: output, jobId, attempt, round, noted, patience, signal });
  const { rows } = await engine.score({
    source: readBlob(
      {
        url: input.url,
        etag: input.etag,
        bytes: input.bytes,
        patience,
        refused: (refusal) => inputRefused(input.name, refusal),
        notReached: (why) => notReached('Input', input.name, why),
      },
      signal,
    ),
    sourceName: input.name.slice(input.name.lastIndexOf('/') + 1),
    delimiter: input.name.toLowerCase().endsWith('.tsv') ? '\t' : ',',
    write: (chunk) => blob.write(chunk),
    constants: constantsOf(assignment.parameters, engine.info),
    signal,
    onProgress: options.onRows,
  });
  options.onRows(rows);
  const committed = await blob.commit(rows);
  return committed === 'conflict' ? 'conflict' : rows;
}

function only<T>(handles: Readonly<Record<string, T>>, what: string): T {
  const [first, ...more] = Object.values(handles);
  if (first === undefined || more.length > 0) {
    throw new JobFault(
      'ModuleExecutionError',
      `A job has one ${what} here, and this one has ${more.length + (first === undefined ? 0 : 1)}.`,
    );
  }
  return first;
}
