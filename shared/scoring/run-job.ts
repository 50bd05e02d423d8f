/** One job over the engine's threads: reads, cuts, hands out blocks, and writes the results in the order of the input. */
import { bindColumns } from './bind-columns.ts';
import { createBlockCutter, RecordTooLong, type Block, type BlockCutter } from './block-cutter.ts';
import { createBoundedQueue, type BoundedQueue } from './bounded-queue.ts';
import { comma, tab } from './csv-bytes.ts';
import type { Header } from './header.ts';
import { openSource, readFileHeader, type JobSource } from './job-source.ts';
import type { ModelInfo } from './model-info.ts';
import { quoteField } from './quote-field.ts';
import { createRowErrorLog, type RowErrorLog } from './row-error-log.ts';
import type { ScoreJob, ScoreResult } from './score-job.ts';
import type { ScoreThread } from './score-thread.ts';
import { ScoringError } from './scoring-error.ts';
import { scoringLimits } from './scoring-limits.ts';
import { untilAborted } from './until-aborted.ts';
import type { BlockOutcome } from './worker-messages.ts';

/** `too-long` stands where a record without end begins: what precedes it has its say first. */
type Outcome = BlockOutcome | { readonly kind: 'too-long'; readonly message: string };

/** One that a very long row has made grow is not kept. */
const spareBytesMax = 4 * scoringLimits.blockBytes;

type Run = {
  readonly job: ScoreJob;
  readonly signal: AbortSignal;
  readonly delimiter: number;
  readonly threads: readonly ScoreThread[];
  readonly source: JobSource;
  /** `bytes`: of the source. */
  readonly queue: BoundedQueue<{ readonly outcome: Promise<Outcome>; readonly bytes: number }>;
  readonly inFlight: Set<Promise<Outcome>>;
  readonly unseen: Map<string, number>;
  /** Memory of outputs that have been written, for others: fresh memory costs more than what is written into it. */
  readonly spares: ArrayBuffer[];
  bytesOut: number;
};

async function write(run: Run, chunk: Uint8Array): Promise<void> {
  if (chunk.length === 0) return;
  await untilAborted(run.job.write(chunk), run.signal);
  run.bytesOut += chunk.length;
}

function headerLine(header: Header, info: ModelInfo, delimiter: number): Uint8Array {
  const added = info.columns.map(({ name }) => String.fromCharCode(delimiter) + quoteField(name, delimiter));
  return Buffer.concat([header.content, Buffer.from(added.join('')), header.lineEnd]);
}

function leastBusy(threads: readonly ScoreThread[]): ScoreThread {
  const thread = threads.toSorted((a, b) => a.pending() - b.pending())[0];
  if (thread === undefined) throw new Error('an engine has a thread at least');
  return thread;
}

function enqueue(run: Run, outcome: Promise<Outcome>, bytes: number): void {
  run.inFlight.add(outcome);
  const settled = (): boolean => run.inFlight.delete(outcome);
  outcome.then(settled, settled);
  run.queue.push({ outcome, bytes });
}

async function dispatch(run: Run, block: Block): Promise<void> {
  await untilAborted(run.queue.room(), run.signal);
  enqueue(run, leastBusy(run.threads).score(block.buffer, block.length, run.spares.pop()), block.length);
}

async function readBlocks(run: Run, cutter: BlockCutter, first: Uint8Array): Promise<void> {
  try {
    for (let chunk: Uint8Array | undefined = first; chunk !== undefined; chunk = await run.source.next()) {
      for (const block of cutter.push(chunk)) await dispatch(run, block);
    }
    const last = cutter.end();
    if (last !== undefined) await dispatch(run, last);
  } catch (error) {
    if (!(error instanceof RecordTooLong)) throw error;
    await untilAborted(run.queue.room(), run.signal);
    enqueue(run, Promise.resolve({ kind: 'too-long', message: error.message }), 0);
  }
  run.queue.end();
}

/** The error that an outcome stands for. @param lines Lines before the block. */
function failure(run: Run, outcome: Outcome, lines: number): ScoringError {
  const sourceName = run.job.sourceName;
  switch (outcome.kind) {
    case 'error':
      return new ScoringError(outcome.code, `${sourceName}, after line ${lines}: ${outcome.message}`);
    case 'too-long':
      return new ScoringError(
        'OutOfMemoryLimit',
        `${sourceName}, after line ${lines}: ${outcome.message}; is a quote not closed?`,
      );
    case 'scored':
    case 'cancelled':
      throw new Error(`a ${outcome.kind} block is no failure`);
  }
}

async function writeBlocks(run: Run, cutter: BlockCutter, header: Header, log: RowErrorLog): Promise<number> {
  let rows = 0;
  let lines = header.lines;
  let bytes = header.next;
  for (;;) {
    const pending = await untilAborted(run.queue.peek(), run.signal);
    if (pending === undefined) {
      log.end(rows);
      return rows;
    }
    const outcome = await untilAborted(pending.outcome, run.signal);
    if (outcome.kind !== 'scored') throw failure(run, outcome, lines);
    if (outcome.faults.length > 0) await log.take(outcome.faults, rows, lines, outcome.input);
    cutter.recycle(outcome.input);
    await write(run, new Uint8Array(outcome.output, 0, outcome.outputLength));
    if (outcome.output.byteLength <= spareBytesMax) run.spares.push(outcome.output);
    for (const [name, count] of outcome.unseen) run.unseen.set(name, (run.unseen.get(name) ?? 0) + count);
    rows += outcome.rows;
    lines += outcome.lines;
    bytes += pending.bytes;
    run.job.origin?.written?.(rows);
    run.job.onProgress?.(rows, bytes);
    run.queue.drop();
  }
}

/** What the job's log of row errors is to know; its writes end with the job. */
function openLog({ job, signal }: Run, header: Header): RowErrorLog {
  return createRowErrorLog({
    policy: job.rowErrors ?? { kind: 'fail' },
    sourceName: job.sourceName,
    header,
    origin: job.origin ?? {},
    write: async (chunk) => {
      if (job.writeErrors !== undefined) await untilAborted(job.writeErrors(chunk), signal);
    },
  });
}

async function scoreFile(run: Run, info: ModelInfo, stop: AbortController): Promise<ScoreResult> {
  const { job, delimiter, threads } = run;
  const { header, rest } = await readFileHeader(run.source, delimiter, job.sourceName);
  const columnsMax = job.limits?.columnsMax ?? scoringLimits.columnsMax;
  if (header.names.length > columnsMax) {
    throw new ScoringError(
      'InputParseError',
      `${job.sourceName} line ${header.lines}: ${header.names.length} columns; at most ${columnsMax} are allowed.`,
    );
  }
  const where = `${job.sourceName} line ${header.lines}`;
  const rowErrors = job.rowErrors?.kind ?? 'fail';
  const slots = bindColumns(info.inputs, header.names, job.constants ?? {}, where);
  for (const thread of threads)
    thread.begin({ delimiter, columnCount: header.names.length, slots, rowErrors });
  await write(run, headerLine(header, info, delimiter));
  const cutter = createBlockCutter({
    delimiter,
    blockBytes: job.limits?.blockBytes ?? scoringLimits.blockBytes,
    recordBytesMax: job.limits?.recordBytesMax ?? scoringLimits.recordBytesMax,
    sparesMax: threads.length + scoringLimits.writtenAhead,
  });
  // Whichever side fails first stops the other.
  const stopOnError = async <T>(side: Promise<T>): Promise<T> => {
    try {
      return await side;
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  const log = openLog(run, header);
  try {
    const [, rows] = await Promise.all([
      stopOnError(readBlocks(run, cutter, rest)),
      stopOnError(writeBlocks(run, cutter, header, log)),
    ]);
    const unseen = Object.fromEntries(run.unseen);
    return { rows, bytesIn: run.source.bytesRead(), bytesOut: run.bytesOut, rowErrors: log.counts(), unseen };
  } catch (error) {
    if (error instanceof ScoringError && log.counts().count > 0) error.rowErrors = log.counts();
    throw error;
  }
}

/**
 * Scores one file. When it fails or is aborted it settles after the batches that threads are busy with: they are free then.
 * @throws As `Engine.score`.
 */
export async function runJob(
  threads: readonly ScoreThread[],
  info: ModelInfo,
  job: ScoreJob,
): Promise<ScoreResult> {
  const stop = new AbortController();
  const signal = job.signal === undefined ? stop.signal : AbortSignal.any([job.signal, stop.signal]);
  const run: Run = {
    job,
    signal,
    delimiter: job.delimiter === '\t' ? tab : comma,
    threads,
    source: openSource(job.source, signal),
    queue: createBoundedQueue(threads.length * scoringLimits.blocksPerWorker + scoringLimits.writtenAhead),
    inFlight: new Set(),
    unseen: new Map(),
    spares: [],
    bytesOut: 0,
  };
  try {
    return await scoreFile(run, info, stop);
  } finally {
    for (const thread of threads) thread.cancel();
    await run.source.close();
    await Promise.allSettled(run.inFlight);
  }
}
