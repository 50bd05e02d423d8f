/** The arrays that rows are scanned into and the tensors made of them: one set for a job, reused from batch to batch. */
import * as ort from 'onnxruntime-node';
import { paddedBlock } from './byte-block.ts';
import { createSink, sinkKind, type CellSink, type SinkKind } from './cell-sink.ts';
import type { RowPlan, Slot } from './row-plan.ts';
import type { FeedPlan } from './session-plan.ts';
import type { ValueType } from './model-info.ts';
import {
  beginBatch,
  countUnseen,
  createDictionary,
  endBatch,
  indexOf,
  hashText,
  type ValueDictionary,
} from './value-dictionary.ts';
import { scoringLimits } from './scoring-limits.ts';

export type BatchFeeds = {
  /** For the scanner, one for each column of the file. */
  readonly sinks: readonly CellSink[];
  /** Rows the arrays have room for. */
  readonly rowsMax: number;
  /** To be called before a batch is scanned. */
  readonly begin: () => void;
  /** Tensors over the first `rows` rows. The arrays must not change until the run that takes them is over. */
  readonly tensors: (rows: number) => Record<string, ort.Tensor>;
  /** Adds the texts of the first `rows` rows that the model's encoders do not know, by input. */
  readonly countUnseen: (rows: number, counts: Map<string, number>) => void;
};

/** One feed's arrays; `seen` is the dictionary's size when the batch began. */
type FeedState = { readonly plan: FeedPlan; readonly sink: CellSink; seen: number; fixed: boolean };

const kinds: Readonly<Record<Exclude<ValueType, 'string'>, SinkKind>> = {
  float32: sinkKind.float32,
  float64: sinkKind.float64,
  int64: sinkKind.int64,
  bool: sinkKind.bool,
};

function feedSink(plan: FeedPlan, rowsMax: number): CellSink {
  const size = rowsMax * plan.width;
  if (plan.kind === 'dictionary') {
    return createSink(sinkKind.indices, 1, 0, {
      indices: new Int32Array(size),
      dictionary: createDictionary(rowsMax, plan.known),
    });
  }
  if (plan.type === 'string') {
    return createSink(sinkKind.texts, plan.width, 0, { texts: Array.from({ length: size }, () => '') });
  }
  return createSink(kinds[plan.type], plan.width, 0, {
    floats32: new Float32Array(plan.type === 'float32' ? size : 0),
    floats64: new Float64Array(plan.type === 'float64' ? size : 0),
    ints64: new BigInt64Array(plan.type === 'int64' ? size : 0),
    bools: new Uint8Array(plan.type === 'bool' ? size : 0),
  });
}

function fillConstant(
  sink: CellSink,
  offset: number,
  value: number | bigint | boolean | string,
  rowsMax: number,
): void {
  if (sink.dictionary !== undefined) {
    // Every row's index is 0 already.
    const bytes = new TextEncoder().encode(String(value));
    const block = paddedBlock(bytes);
    indexOf(sink.dictionary, block, 0, bytes.length, hashText(block, 0, bytes.length));
    return;
  }
  for (let row = 0, at = offset; row < rowsMax; row++, at += sink.width) {
    if (sink.kind === sinkKind.float32) sink.floats32[at] = Number(value);
    else if (sink.kind === sinkKind.float64) sink.floats64[at] = Number(value);
    else if (sink.kind === sinkKind.int64) sink.ints64[at] = BigInt(value);
    else if (sink.kind === sinkKind.bool) sink.bools[at] = value === true ? 1 : 0;
    else sink.texts[at] = String(value);
  }
}

function dims(plan: FeedPlan, rows: number): number[] {
  return plan.rank === 1 ? [rows] : [rows, plan.width];
}

function plainTensor(plan: FeedPlan, sink: CellSink, rows: number): ort.Tensor {
  const size = rows * plan.width;
  const shape = dims(plan, rows);
  switch (plan.type) {
    case 'float32':
      return new ort.Tensor('float32', sink.floats32.subarray(0, size), shape);
    case 'float64':
      return new ort.Tensor('float64', sink.floats64.subarray(0, size), shape);
    case 'int64':
      return new ort.Tensor('int64', sink.ints64.subarray(0, size), shape);
    case 'bool':
      return new ort.Tensor('bool', sink.bools.subarray(0, size), shape);
    case 'string':
      return new ort.Tensor('string', sink.texts.slice(0, size), shape);
  }
}

function addTensors(feeds: Record<string, ort.Tensor>, feed: FeedState, rows: number): void {
  const { plan, sink } = feed;
  if (plan.kind === 'plain') {
    feeds[plan.name] = plainTensor(plan, sink, rows);
    return;
  }
  const dictionary = sink.dictionary as ValueDictionary;
  endBatch(dictionary, rows, dictionary.texts.length - feed.seen);
  feeds[plan.texts] = new ort.Tensor('string', dictionary.texts, [dictionary.texts.length]);
  feeds[plan.indices] = new ort.Tensor('int32', sink.indices.subarray(0, rows), dims(plan, rows));
}

function columnSink(slot: Slot, feed: FeedState): CellSink {
  return createSink(feed.sink.kind, feed.plan.width, slot.offset, feed.sink);
}

/** Rows of a batch: as many as its cells allow. */
function batchRows(plans: readonly FeedPlan[]): number {
  const cells = plans.reduce((sum, plan) => sum + plan.width, 0);
  return Math.max(1, Math.min(scoringLimits.batchRowsMax, Math.floor(scoringLimits.batchCellsMax / cells)));
}

/** Allocates the arrays of a job and fills in its constants. */
export function createBatchFeeds(plans: readonly FeedPlan[], rowPlan: RowPlan): BatchFeeds {
  const rowsMax = batchRows(plans);
  const feeds = plans.map((plan): FeedState => ({
    plan,
    sink: feedSink(plan, rowsMax),
    seen: 0,
    fixed: false,
  }));
  const skip = createSink(sinkKind.skip, 1, 0, {});
  const sinks = Array.from({ length: rowPlan.columnCount }, () => skip);
  for (const slot of rowPlan.slots) {
    const feed = feeds[slot.feed] as FeedState;
    if (slot.source.kind === 'column') sinks[slot.source.column] = columnSink(slot, feed);
    else {
      fillConstant(feed.sink, slot.offset, slot.source.value, rowsMax);
      feed.fixed = true;
    }
  }
  const growing = feeds.filter((feed) => feed.plan.kind === 'dictionary' && !feed.fixed);
  return {
    sinks,
    rowsMax,
    begin: () => {
      for (const feed of growing) {
        beginBatch(feed.sink.dictionary as ValueDictionary);
        feed.seen = feed.sink.dictionary?.texts.length ?? 0;
      }
    },
    countUnseen: (rows, counts) => {
      for (const { plan, sink } of growing) {
        const count = countUnseen(sink.dictionary as ValueDictionary, sink.indices, rows);
        if (count > 0) counts.set(plan.name, (counts.get(plan.name) ?? 0) + count);
      }
    },
    tensors: (rows) => {
      const tensors: Record<string, ort.Tensor> = {};
      for (const feed of feeds) addTensors(tensors, feed, rows);
      return tensors;
    },
  };
}
