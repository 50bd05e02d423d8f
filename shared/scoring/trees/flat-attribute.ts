/** Reads the long lists of an ONNX attribute straight into arrays of numbers: as objects, a forest's would not fit into memory. */
import protobuf from 'protobufjs';

/** The lists of AttributeProto; those that the attribute does not have are empty. */
export type FlatAttribute = {
  readonly floats: Float32Array;
  /** The low 32 bits of each. */
  readonly ints: Int32Array;
  readonly texts: readonly string[];
};

/** AttributeProto's field numbers, and protobuf's wire type of bytes and of packed lists. */
const floatsField = 7;
const intsField = 8;
const stringsField = 9;
const delimited = 2;

export const emptyAttribute: FlatAttribute = {
  floats: new Float32Array(0),
  ints: new Int32Array(0),
  texts: [],
};

/** Throws what protobufjs throws when the bytes end early. */
export function flatAttribute(bytes: Uint8Array): FlatAttribute {
  const reader = protobuf.Reader.create(bytes);
  const floats: number[] = [];
  const ints: number[] = [];
  const texts: string[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const [field, wireType] = [tag >>> 3, tag & 7];
    if (field === floatsField) readList(reader, wireType, () => floats.push(reader.float()));
    else if (field === intsField) readList(reader, wireType, () => ints.push(reader.int32()));
    else if (field === stringsField) texts.push(reader.string());
    else reader.skipType(wireType);
  }
  return { floats: Float32Array.from(floats), ints: Int32Array.from(ints), texts };
}

/** One number, or a packed list of them. */
function readList(reader: protobuf.Reader, wireType: number, readOne: () => void): void {
  if (wireType !== delimited) {
    readOne();
    return;
  }
  for (const end = reader.uint32() + reader.pos; reader.pos < end;) readOne();
}
