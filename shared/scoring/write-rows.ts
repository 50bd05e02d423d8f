/** Writes scored rows: the input line's own bytes, then label and probabilities, then the line's own end. */
import { numberBytesMax, writeNumber } from './format-number.ts';
import { quoteField } from './quote-field.ts';
import type { ScoredBatch } from './read-outputs.ts';
import { fitRow } from './fit-row.ts';
import type { ByteBlock } from './byte-block.ts';
import type { RowScan, ScanFault } from './row-scan.ts';
import type { ReadPlan } from './session-plan.ts';
import { writeInt32, writeInt64 } from './write-int.ts';

/** Output bytes that grow; `bytes` is replaced when they do. */
export type ByteSink = { bytes: Uint8Array<ArrayBuffer>; length: number };

/** What writing needs to know of a job, made once. */
export type RowWriter = {
  readonly delimiter: number;
  readonly layout: ReadPlan['layout'];
  /** Texts of labels given by index, quoted where needed. */
  readonly labels: readonly Uint8Array[];
  /** Bytes that a row's label and probabilities take, unless the label is a text that is not in `labels`. */
  readonly scoreBytesMax: number;
  /** What stands in the place of a row's label and probabilities where there are none. */
  readonly blank: Uint8Array;
};

const encoder = new TextEncoder();

export function createRowWriter(plan: ReadPlan, delimiter: number): RowWriter {
  const texts = plan.label.kind === 'index' ? plan.label.labels : [];
  const labels = texts.map((text) => encoder.encode(quoteField(text, delimiter)));
  const labelBytesMax = labels.reduce((max, label) => Math.max(max, label.length), numberBytesMax);
  const scoreBytesMax = labelBytesMax + 1 + plan.classes * (numberBytesMax + 1);
  const added = { value: 1, binary: 2, multiclass: plan.classes + 1 }[plan.layout];
  const blank = new Uint8Array(added).fill(delimiter);
  return { delimiter, layout: plan.layout, labels, scoreBytesMax, blank };
}

/** Makes room for `more` bytes behind `sink.length`. */
function reserve(sink: ByteSink, more: number): void {
  if (sink.length + more <= sink.bytes.length) return;
  const grown = new Uint8Array(Math.max(sink.length + more, Math.ceil(sink.bytes.length * 1.5)));
  grown.set(sink.bytes.subarray(0, sink.length));
  sink.bytes = grown;
}

function writeBytes(sink: ByteSink, bytes: Uint8Array): void {
  const target = sink.bytes;
  let at = sink.length;
  for (let i = 0; i < bytes.length; i++) target[at++] = bytes[i] as number;
  sink.length = at;
}

/** A text of any length; the numbers that may follow it have room as well. */
function writeText(sink: ByteSink, writer: RowWriter, text: string): void {
  const bytes = encoder.encode(text);
  reserve(sink, bytes.length + writer.scoreBytesMax);
  writeBytes(sink, bytes);
}

function writeLabel(sink: ByteSink, writer: RowWriter, label: ScoredBatch['label'], row: number): void {
  sink.bytes[sink.length++] = writer.delimiter;
  switch (label.kind) {
    case 'index':
      return writeBytes(sink, writer.labels[label.indices[row] as number] as Uint8Array);
    case 'numbers':
      sink.length = writeNumber(sink.bytes, sink.length, label.values[row] as number);
      return undefined;
    case 'ints32':
      sink.length = writeInt32(sink.bytes, sink.length, label.values[row] as number);
      return undefined;
    case 'ints64':
      sink.length = writeInt64(sink.bytes, sink.length, label.values, label.halves, row);
      return undefined;
    case 'bools':
      return writeText(sink, writer, label.values[row] === 1 ? 'true' : 'false');
    case 'texts':
      return writeText(sink, writer, quoteField(label.values[row] as string, writer.delimiter));
  }
}

function writeProbability(sink: ByteSink, writer: RowWriter, value: number): void {
  sink.bytes[sink.length++] = writer.delimiter;
  sink.length = writeNumber(sink.bytes, sink.length, value);
}

function writeScore(sink: ByteSink, writer: RowWriter, scored: ScoredBatch, row: number): void {
  const { probabilities, perRow, label } = scored;
  switch (writer.layout) {
    case 'value':
      return writeLabel(sink, writer, label, row);
    case 'binary':
      writeLabel(sink, writer, label, row);
      return writeProbability(sink, writer, probabilities[row * perRow + perRow - 1] as number);
    case 'multiclass':
      for (let i = 0; i < perRow; i++) {
        writeProbability(sink, writer, probabilities[row * perRow + i] as number);
      }
      return writeLabel(sink, writer, label, row);
  }
}

/** Appends rows `from` to `to` of a scanned and scored batch to `sink`. */
export function writeRows(
  sink: ByteSink,
  writer: RowWriter,
  block: Uint8Array,
  scan: RowScan,
  scored: ScoredBatch,
  from: number,
  to: number,
): void {
  for (let row = from; row < to; row++) {
    const start = scan.starts[row] as number;
    const end = scan.ends[row] as number;
    const next = scan.nexts[row] as number;
    reserve(sink, next - start + writer.scoreBytesMax);
    sink.bytes.set(block.subarray(start, end), sink.length);
    sink.length += end - start;
    writeScore(sink, writer, scored, row);
    reserve(sink, next - end);
    for (let i = end; i < next; i++) sink.bytes[sink.length++] = block[i] as number;
  }
}

function writeBlankRow(
  sink: ByteSink,
  writer: RowWriter,
  block: ByteBlock,
  scan: RowScan,
  fault: ScanFault,
): void {
  const columns = scan.sinks.length;
  const { delimiter } = writer;
  const row = fitRow(scan.quoted, block, fault.start, fault.end, { delimiter, columns });
  reserve(sink, row.length + writer.blank.length + fault.next - fault.end);
  writeBytes(sink, row);
  writeBytes(sink, writer.blank);
  writeBytes(sink, block.bytes.subarray(fault.end, fault.next));
}

/** The same for a batch with rows that have no scores: they stand in their places. @param scored of the others */
export function writeWithBlanks(
  sink: ByteSink,
  writer: RowWriter,
  block: ByteBlock,
  scan: RowScan,
  scored: ScoredBatch | undefined,
): void {
  let row = 0;
  for (const fault of scan.faults) {
    if (scored !== undefined) writeRows(sink, writer, block.bytes, scan, scored, row, fault.at);
    writeBlankRow(sink, writer, block, scan, fault);
    row = fault.at;
  }
  if (scored !== undefined) writeRows(sink, writer, block.bytes, scan, scored, row, scan.rows);
}
