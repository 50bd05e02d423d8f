/** Converts one cell's bytes and puts the value into its sink: the general way, for cells the scanner's fast paths leave. */
import type { ByteBlock } from './byte-block.ts';
import { sinkKind, type CellSink } from './cell-sink.ts';
import { decodableText, decodeText } from './decode-text.ts';
import { parseBool } from './parse-bool.ts';
import { parseInt64 } from './parse-int64.ts';
import { parseNumber } from './parse-number.ts';
import { hashText, indexOf } from './value-dictionary.ts';

/** Larger numbers become infinite as float32. */
const float32Max = 3.4028235677973366e38;

function storeFloat(sink: CellSink, at: number, value: number): string | undefined {
  if (Number.isNaN(value)) return 'a number';
  if (sink.kind === sinkKind.float64) {
    if (!Number.isFinite(value)) return 'a number within the range of float64';
    sink.floats64[at] = value;
    return undefined;
  }
  if (Math.abs(value) >= float32Max) return 'a number within the range of float32';
  sink.floats32[at] = value;
  return undefined;
}

function storeInt(sink: CellSink, at: number, value: bigint | undefined): string | undefined {
  if (value === undefined) return 'a whole number of 64 bits';
  sink.ints64[at] = value;
  return undefined;
}

function storeBool(sink: CellSink, at: number, value: boolean | undefined): string | undefined {
  if (value === undefined) return 'true or false';
  sink.bools[at] = value ? 1 : 0;
  return undefined;
}

function storeText(sink: CellSink, at: number, text: string | undefined): string | undefined {
  if (text === undefined) return decodableText;
  sink.texts[at] = text;
  return undefined;
}

function storeIndex(sink: CellSink, at: number, index: number): string | undefined {
  if (index < 0) return decodableText;
  sink.indices[at] = index;
  return undefined;
}

/**
 * Stores `block[start, end)` (unquoted, unescaped) as row `row`'s value.
 * @returns What was expected, when the cell is not that; nothing is stored then.
 */
export function storeCell(
  sink: CellSink,
  row: number,
  block: ByteBlock,
  start: number,
  end: number,
): string | undefined {
  const at = row * sink.width + sink.offset;
  const { bytes } = block;
  switch (sink.kind) {
    case sinkKind.skip:
      return undefined;
    case sinkKind.float32:
    case sinkKind.float64:
      return storeFloat(sink, at, parseNumber(bytes, start, end));
    case sinkKind.int64:
      return storeInt(sink, at, parseInt64(bytes, start, end));
    case sinkKind.bool:
      return storeBool(sink, at, parseBool(bytes, start, end));
    case sinkKind.texts:
      return storeText(sink, at, decodeText(bytes, start, end));
    case sinkKind.indices: {
      const dictionary = sink.dictionary;
      if (dictionary === undefined) throw new Error('a sink of indices has a dictionary');
      return storeIndex(sink, at, indexOf(dictionary, block, start, end, hashText(block, start, end)));
    }
  }
}
