/** One assignment from its blob to its blobs: what a VM does between `work` and `finish`. */
import type { Assignment, Done, InputHandle, Outcome, OutputHandle, Tally } from '../core/vm-protocol.ts';
import { dataFormatOf, plainCsv } from '../core/data-format.ts';
import { makeSink } from '../formats/make-sink.ts';
import type { Engine } from '../scoring/engine.ts';
import type { ScoreJob } from '../scoring/score-job.ts';
import { ScoringError } from '../scoring/scoring-error.ts';
import { backoffMs } from './backoff.ts';
import { withKnownHost, type Patience } from './blob-patience.ts';
import { named } from './blob-refusal.ts';
import { makeErrorsBlob } from './errors-blob.ts';
import { JobFault } from './job-fault.ts';
import { jobRows, type JobRows } from './job-rows.ts';
import type { ModelCache } from './model-cache.ts';
import { outcomeOf } from './outcome-of.ts';
import { makeOutputBlob } from './output-blob.ts';
import { lookForOutputsLeft, type NotedOutput } from './outputs-left.ts';
import { pause } from './pause.ts';
import { tallyOf } from './tally.ts';

export type RunParts = {
  readonly models: ModelCache;
  readonly patience: Patience;
  /** First and longest pause between two rounds of one attempt. Default 100 ms, 10 s. */
  readonly rounds?: { readonly firstMs: number; readonly maxMs: number };
  /** How it waits between two rounds. Default: in real time. */
  readonly pause?: typeof pause;
};

export type RunOptions = {
  /** Fires when the job is no longer this VM's, or when the VM is to leave. */
  readonly signal: AbortSignal;
  readonly onProgress: (done: Done) => void;
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
    return { kind: 'finished', ...(await writeOnce(parts, assignment, options)) };
  } catch (error) {
    options.signal.throwIfAborted();
    const outcome = outcomeOf(error);
    if (outcome.isOfTheVm) await parts.models.discard().catch(() => undefined);
    const found =
      error instanceof ScoringError && error.rowErrors !== undefined ? { rowErrors: error.rowErrors } : {};
    return { kind: 'failed', code: outcome.code, message: outcome.message, ...found };
  }
}

/** Whatever an earlier attempt has committed stays; the rest is scored once a round, and committed one by one. */
async function writeOnce(parts: RunParts, assignment: Assignment, options: RunOptions): Promise<Tally> {
  const input = atMostOne(assignment.inputs);
  let handles: readonly OutputHandle[] = Object.values(assignment.outputs);
  let patience = parts.patience;
  const look = () => lookForOutputsLeft(handles, assignment.jobId, patience, options.signal);
  let tally: Tally = { rows: 0 };
  for (let round = 0; round <= roundsMax; round += 1) {
    let there = await look();
    if (there.left.length > 0 && round > 0) {
      await (parts.pause ?? pause)(
        backoffMs(parts.rounds ?? { firstMs: 100, maxMs: 10_000 }, round, Math.random()),
        options.signal,
      );
      await options.stillOurs();
      there = await look();
    }
    tally = there.tally ?? tally;
    if (there.left.length === 0) return tally;
    const done = await scoreAndCommit(parts, assignment, options, { input, outputs: there.left, round });
    ({ tally } = done);
    patience = withKnownHost(parts.patience);
    if (done.conflicts.length === 0) return tally;
    handles = done.conflicts;
  }
  const names = handles.map((handle) => named(handle.name)).join(' and ');
  throw new JobFault(
    'InvalidBlob',
    `Output ${names} was written by someone else each of the ${roundsMax + 1} times that this job was about to. Choose a name of its own for each result.`,
  );
}

type Round = {
  /** Absent: the web service has none. */
  readonly input: InputHandle | undefined;
  readonly outputs: readonly NotedOutput[];
  readonly round: number;
};

/** `conflicts`: where someone else wrote meanwhile; the other outputs are committed. */
type Committed = { readonly tally: Tally; readonly conflicts: readonly OutputHandle[] };

async function scoreAndCommit(
  parts: RunParts,
  assignment: Assignment,
  options: RunOptions,
  { input, outputs, round }: Round,
): Promise<Committed> {
  const { jobId, attempt } = assignment;
  const { signal } = options;
  const engine = await parts.models.open(assignment.model, signal);
  const common = { jobId, attempt, round, patience: withKnownHost(parts.patience), signal };
  const rows = await jobRows(assignment, input, { info: engine.info, patience: parts.patience, signal });
  const blobs = outputs.map(({ handle, noted }) => {
    const blob = makeOutputBlob({ ...common, handle, noted });
    const target = { write: (chunk: Uint8Array) => blob.write(chunk), end: () => Promise.resolve() };
    const format = dataFormatOf(handle.name) ?? plainCsv;
    return { handle, blob, sink: makeSink(target, format, rows.table, engine.info) };
  });
  const errors = makeErrorsBlob({ ...common, handle: assignment.errors });
  const scored = await score(engine, assignment, rows, {
    write: async (chunk) => {
      await Promise.all(blobs.map(({ sink }) => sink.write(chunk)));
    },
    writeErrors: (chunk) => errors.write(chunk),
    signal,
    onProgress: options.onProgress,
  });
  // Before the outputs: whoever finds a result of this job can rely on what was not scored lying there too.
  if ((await errors.commit(scored.tally)) === 'conflict') {
    return { tally: scored.tally, conflicts: outputs.map(({ handle }) => handle) };
  }
  if (scored.kind === 'failed') throw scored.error;
  // An output that cannot be written is found before any other one has been.
  await Promise.all(
    blobs.map(async ({ sink, blob }) => {
      await sink.end();
      await blob.stageRest();
    }),
  );
  const conflicts: OutputHandle[] = [];
  for (const { handle, blob } of blobs) {
    if ((await blob.commit(scored.tally)) === 'conflict') conflicts.push(handle);
  }
  return { tally: scored.tally, conflicts };
}

type Streams = Pick<ScoreJob, 'write' | 'writeErrors' | 'signal'> & Pick<RunOptions, 'onProgress'>;
/** `failed`: with an error file to be committed all the same. */
type Scored =
  | { readonly kind: 'scored'; readonly tally: Tally }
  | { readonly kind: 'failed'; readonly tally: Tally; readonly error: ScoringError };

async function score(
  engine: Engine,
  { rowErrors }: Assignment,
  rows: JobRows,
  { onProgress, ...streams }: Streams,
): Promise<Scored> {
  try {
    const result = await engine.score({
      ...rows.table,
      sourceName: rows.sourceName,
      constants: rows.constants,
      ...streams,
      rowErrors,
      onProgress: (rowsDone, bytes) => onProgress({ rowsDone, bytesDone: rows.bytesDone(bytes) }),
    });
    const tally = tallyOf(result);
    onProgress({ rowsDone: tally.rows });
    return { kind: 'scored', tally };
  } catch (error) {
    if (!(error instanceof ScoringError) || error.rowErrors === undefined) throw error;
    return { kind: 'failed', tally: { rows: 0, rowErrors: error.rowErrors }, error };
  }
}

function atMostOne(inputs: Assignment['inputs']): InputHandle | undefined {
  const [first, ...more] = Object.values(inputs);
  if (more.length === 0) return first;
  throw new JobFault(
    'ModuleExecutionError',
    `A job has one input here at most, and this one has ${more.length + 1}.`,
  );
}
