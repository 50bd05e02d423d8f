/** Where a CSV column's values go: a place in a feed's array. One shape for all kinds, so that the scanner stays fast. */
import type { ValueDictionary } from './value-dictionary.ts';

/** Kinds of sinks, as numbers for the scanner's switch. */
export const sinkKind = { skip: 0, float32: 1, float64: 2, int64: 3, bool: 4, indices: 5, texts: 6 } as const;
export type SinkKind = (typeof sinkKind)[keyof typeof sinkKind];

/** Row r's value goes to element `r * width + offset` of the one array that `kind` names; the others are empty. */
export type CellSink = {
  readonly kind: SinkKind;
  readonly width: number;
  readonly offset: number;
  readonly floats32: Float32Array;
  readonly floats64: Float64Array;
  readonly ints64: BigInt64Array;
  /** The same memory in halves, the low one first: a BigInt for each cell would be slow. */
  readonly ints32: Int32Array;
  readonly bools: Uint8Array;
  readonly indices: Int32Array;
  readonly dictionary: ValueDictionary | undefined;
  readonly texts: string[];
};

/** Sinks take what the column's feed has; see `CellSink`. */
export function createSink(
  kind: SinkKind,
  width: number,
  offset: number,
  arrays: Partial<CellSink>,
): CellSink {
  const ints64 = arrays.ints64 ?? new BigInt64Array(0);
  return {
    kind,
    width,
    offset,
    floats32: arrays.floats32 ?? new Float32Array(0),
    floats64: arrays.floats64 ?? new Float64Array(0),
    ints64,
    ints32: new Int32Array(ints64.buffer, ints64.byteOffset, ints64.length * 2),
    bools: arrays.bools ?? new Uint8Array(0),
    indices: arrays.indices ?? new Int32Array(0),
    dictionary: arrays.dictionary,
    texts: arrays.texts ?? [],
  };
}
