/** Scores one block inside a worker: batch by batch, scan, run, write. */
import type * as ort from 'onnxruntime-node';
import { createBatchFeeds, type BatchFeeds } from './batch-feeds.ts';
import { createBatchReader, type BatchReader } from './batch-reader.ts';
import { byteBlock, type ByteBlock } from './byte-block.ts';
import { lineFeed } from './csv-bytes.ts';
import type { RowFault } from './row-fault.ts';
import type { RowPlan } from './row-plan.ts';
import { createRowScan, type RowScan } from './row-scan.ts';
import { scanRows } from './scan-rows.ts';
import { ScoringError } from './scoring-error.ts';
import type { SessionPlan } from './session-plan.ts';
import type { BlockOutcome } from './worker-messages.ts';
import { createRowWriter, writeRows, writeWithBlanks, type ByteSink, type RowWriter } from './write-rows.ts';

/** A job inside a worker. */
export type BlockScorer = {
  readonly session: ort.InferenceSession;
  readonly feeds: BatchFeeds;
  readonly scan: RowScan;
  readonly writer: RowWriter;
  readonly reader: BatchReader;
  /** See `WorkerData`. */
  readonly cancelled: Int32Array;
  readonly rowErrors: RowPlan['rowErrors'];
};

export function createBlockScorer(
  session: ort.InferenceSession,
  plan: SessionPlan,
  rowPlan: RowPlan,
  cancelled: Int32Array,
): BlockScorer {
  const feeds = createBatchFeeds(plan.feeds, rowPlan);
  return {
    session,
    feeds,
    scan: createRowScan(
      rowPlan.delimiter,
      feeds.sinks,
      feeds.rowsMax,
      rowPlan.rowErrors === 'fail' ? 'stop' : 'go-on',
    ),
    writer: createRowWriter(plan.read, rowPlan.delimiter),
    reader: createBatchReader(plan, feeds.rowsMax),
    cancelled,
    rowErrors: rowPlan.rowErrors,
  };
}

async function run({
  session,
  feeds,
  reader,
  scan,
}: BlockScorer): Promise<ort.InferenceSession.OnnxValueMapType> {
  try {
    return await session.run(feeds.tensors(scan.rows), reader.fetches(scan.rows));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ScoringError('ModuleExecutionError', `The model failed: ${reason}`, { cause: error });
  }
}

/** Scores the batch that has been scanned and writes its rows. */
async function scoreBatch(scorer: BlockScorer, block: ByteBlock, sink: ByteSink): Promise<void> {
  const { scan, writer, reader } = scorer;
  const scored = scan.rows === 0 ? undefined : reader.read(await run(scorer), scan.rows);
  if (scorer.rowErrors === 'blank' && scan.faults.length > 0) {
    writeWithBlanks(sink, writer, block, scan, scored);
  } else if (scored !== undefined) {
    writeRows(sink, writer, block.bytes, scan, scored, 0, scan.rows);
  }
}

/**
 * Scores the first `length` bytes of `buffer`. Where a fault stops it, what precedes it is dropped too: the job fails.
 * A cancelled job's block stops before its next batch.
 * @param spare memory for the output; more is taken where it does not do
 * @throws ScoringError `ModuleExecutionError` when the model fails.
 */
export async function scoreBlock(
  scorer: BlockScorer,
  buffer: ArrayBuffer,
  length: number,
  spare?: ArrayBuffer,
): Promise<BlockOutcome> {
  const { scan, feeds } = scorer;
  const block = byteBlock(buffer);
  block.bytes[length] = lineFeed;
  const sink: ByteSink = {
    bytes: new Uint8Array(spare ?? new ArrayBuffer(Math.ceil(length * 1.4) + 1024)),
    length: 0,
  };
  const faults: RowFault[] = [];
  const unseen = new Map<string, number>();
  let rows = 0;
  let lines = 0;
  scan.position = 0;
  for (let state: 'full' | 'stopped' = 'full'; state === 'full' && scan.position < length;) {
    if (Atomics.load(scorer.cancelled, 0) === 1) return { kind: 'cancelled', input: buffer };
    feeds.begin();
    state = scanRows(scan, block, length);
    for (const [index, { at, line, problem, start, end }] of scan.faults.entries()) {
      faults.push({ row: rows + at + index, line: lines + line, problem, start, end });
    }
    if (state === 'full') {
      await scoreBatch(scorer, block, sink);
      feeds.countUnseen(scan.rows, unseen);
    }
    rows += scan.rows + scan.faults.length;
    lines += scan.lines;
  }
  const output = { output: sink.bytes.buffer, outputLength: sink.length };
  return { kind: 'scored', rows, lines, faults, unseen, input: buffer, ...output };
}
