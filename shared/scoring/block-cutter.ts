/** Cuts a stream of bytes into blocks of whole records for the workers. */
import { guardBytes } from './byte-block.ts';
import { followRecords, recordState, type RecordCursor } from './record-state.ts';
import { ScoringError } from './scoring-error.ts';

/** Whole records (the last block: whatever there was) in the first `length` bytes; the buffer is longer by `guardBytes`. */
export type Block = { readonly buffer: ArrayBuffer; readonly length: number };

export type BlockCutter = {
  /** Takes a chunk, copies it, and gives the blocks that are full. */
  readonly push: (chunk: Uint8Array) => Generator<Block, void, undefined>;
  /** The rest of the file, if there is any. */
  readonly end: () => Block | undefined;
  /** Takes a block's buffer back for another block. */
  readonly recycle: (buffer: ArrayBuffer) => void;
};

export type BlockCutterOptions = {
  readonly delimiter: number;
  /** Bytes, both; see `ScoreLimits`. */
  readonly blockBytes: number;
  readonly recordBytesMax: number;
  /** Buffers kept for reuse. */
  readonly sparesMax: number;
};

/** Thrown by `push` for a record without end; whoever knows the line adds it. */
export class RecordTooLong extends ScoringError {}

export function createBlockCutter(options: BlockCutterOptions): BlockCutter {
  const { delimiter, recordBytesMax, sparesMax } = options;
  const bufferBytes = options.blockBytes + guardBytes;
  const spares: ArrayBuffer[] = [];
  const cursor: RecordCursor = { state: recordState.cellStart, recordEnd: -1 };
  const take = (): Buffer => Buffer.from(spares.pop() ?? new ArrayBuffer(bufferBytes));
  let bytes = take();
  let length = 0;
  /** Behind the last whole record. */
  let cut = 0;

  const cutBlock = (): Block => {
    const rest = bytes.subarray(cut, length);
    const block = { buffer: bytes.buffer as ArrayBuffer, length: cut };
    bytes = take();
    if (rest.length + guardBytes > bytes.length)
      bytes = Buffer.from(new ArrayBuffer((rest.length + guardBytes) * 2));
    bytes.set(rest);
    length = rest.length;
    cut = 0;
    return block;
  };
  const grow = (): void => {
    if (length > recordBytesMax) {
      throw new RecordTooLong('OutOfMemoryLimit', `a record is longer than ${recordBytesMax} bytes`);
    }
    const grown = Buffer.from(new ArrayBuffer(bytes.length * 2));
    grown.set(bytes.subarray(0, length));
    bytes = grown;
  };

  return {
    *push(chunk) {
      for (let at = 0; at < chunk.length;) {
        const part = chunk.subarray(at, at + bytes.length - guardBytes - length);
        bytes.set(part, length);
        followRecords(cursor, bytes, length, length + part.length, delimiter);
        length += part.length;
        at += part.length;
        if (cursor.recordEnd > 0) cut = cursor.recordEnd;
        if (length < bytes.length - guardBytes) continue;
        if (cut > 0) yield cutBlock();
        else grow();
      }
    },
    end() {
      if (length === 0) return undefined;
      if (length - cut > recordBytesMax) {
        throw new RecordTooLong('OutOfMemoryLimit', `a record is longer than ${recordBytesMax} bytes`);
      }
      const block = { buffer: bytes.buffer as ArrayBuffer, length };
      bytes = Buffer.alloc(0);
      length = 0;
      return block;
    },
    recycle(buffer) {
      if (buffer.byteLength === bufferBytes && spares.length < sparesMax) spares.push(buffer);
    },
  };
}
