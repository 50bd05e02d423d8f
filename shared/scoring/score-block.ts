/** Scores one block inside a worker: batch by batch, scan, run, write. */
import type * as ort from 'onnxruntime-node';
import { createBatchFeeds, type BatchFeeds } from './batch-feeds.ts';
import { byteBlock } from './byte-block.ts';
import { lineFeed } from './csv-bytes.ts';
import { readOutputs } from './read-outputs.ts';
import type { RowFault } from './row-fault.ts';
import type { RowPlan } from './row-plan.ts';
import { createRowScan, type RowScan } from './row-scan.ts';
import { scanRows } from './scan-rows.ts';
import { ScoringError } from './scoring-error.ts';
import type { SessionPlan } from './session-plan.ts';
import type { BlockOutcome } from './worker-messages.ts';
import { createRowWriter, writeRows, type ByteSink, type RowWriter } from './write-rows.ts';

/** A job inside a worker. */
export type BlockScorer = {
  readonly session: ort.InferenceSession;
  readonly plan: SessionPlan;
  readonly feeds: BatchFeeds;
  readonly scan: RowScan;
  readonly writer: RowWriter;
  readonly fetches: readonly string[];
  /** See `WorkerData`. */
  readonly cancelled: Int32Array;
};

export function createBlockScorer(
  session: ort.InferenceSession,
  plan: SessionPlan,
  rowPlan: RowPlan,
  cancelled: Int32Array,
): BlockScorer {
  const feeds = createBatchFeeds(plan.feeds, rowPlan);
  const probabilities = plan.read.probabilities;
  return {
    session,
    plan,
    feeds,
    scan: createRowScan(rowPlan.delimiter, feeds.sinks, feeds.rowsMax),
    writer: createRowWriter(plan.read, rowPlan.delimiter),
    fetches: [plan.read.label.name, ...(probabilities === undefined ? [] : [probabilities.name])],
    cancelled,
  };
}

function countLines(block: Uint8Array, end: number): number {
  let lines = 0;
  for (let i = 0; i < end; i++) if (block[i] === lineFeed) lines++;
  return lines;
}

async function run(scorer: BlockScorer): Promise<ort.InferenceSession.OnnxValueMapType> {
  try {
    return await scorer.session.run(scorer.feeds.tensors(scorer.scan.rows), scorer.fetches as string[]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ScoringError('ModuleExecutionError', `The model failed: ${reason}`, { cause: error });
  }
}

/**
 * Scores the first `length` bytes of `buffer`. Output made before a fault is dropped: the job fails.
 * A cancelled job's block stops before its next batch.
 * @throws ScoringError `ModuleExecutionError` when the model fails.
 */
export async function scoreBlock(
  scorer: BlockScorer,
  buffer: ArrayBuffer,
  length: number,
): Promise<BlockOutcome> {
  const { scan, feeds } = scorer;
  const block = byteBlock(buffer);
  block.bytes[length] = lineFeed;
  const sink: ByteSink = { bytes: new Uint8Array(Math.ceil(length * 1.4) + 1024), length: 0 };
  let rows = 0;
  let lines = 0;
  scan.position = 0;
  while (scan.position < length) {
    if (Atomics.load(scorer.cancelled, 0) === 1) return { kind: 'cancelled', input: buffer };
    feeds.begin();
    scanRows(scan, block, length);
    if (scan.problem !== undefined) {
      const fault: RowFault = {
        row: rows + scan.rows,
        line: countLines(block.bytes, scan.faultAt),
        problem: scan.problem,
      };
      return { kind: 'fault', fault, input: buffer };
    }
    if (scan.rows > 0) {
      const scored = readOutputs(scorer.plan.read, await run(scorer), scan.rows);
      writeRows(sink, scorer.writer, block.bytes, scan, scored);
    }
    rows += scan.rows;
    lines += scan.lines;
  }
  return { kind: 'scored', rows, lines, input: buffer, output: sink.bytes.buffer, outputLength: sink.length };
}
