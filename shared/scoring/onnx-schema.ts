/** The few fields of ONNX's protobuf schema that scoring reads or changes; all others pass through byte for byte. */
import protobuf from 'protobufjs';

/** A 64-bit integer as protobufjs decodes it: its decimal text is exact. */
export type Int64 = { toString(): string };

/** `attribute` holds encoded attributes: a forest's are megabytes that nobody here needs decoded. */
export type OnnxNode = {
  input: string[];
  output: string[];
  name?: string;
  opType: string;
  attribute: Uint8Array[];
  domain?: string;
};
export type OnnxDim = { dimValue?: Int64; dimParam?: string };
/** `shape` absent: rank unknown. */
export type OnnxTensorType = { elemType: number; shape?: { dim: OnnxDim[] } };
/** `tensorType` absent: a sequence, a map or another type that is not a tensor. */
export type OnnxValue = { name: string; type?: { tensorType?: OnnxTensorType } };
/** `initializer` holds encoded tensors, see `decodeTensor`. */
export type OnnxGraph = {
  node: OnnxNode[];
  name?: string;
  initializer: Uint8Array[];
  input: OnnxValue[];
  output: OnnxValue[];
};
export type OnnxOpset = { domain?: string; version: Int64 | number };
export type OnnxModel = {
  irVersion: Int64 | number;
  graph: OnnxGraph;
  opsetImport: OnnxOpset[];
  metadataProps: { key: string; value: string }[];
};
export type OnnxAttribute = {
  name: string;
  type?: number;
  f?: number;
  i?: Int64 | number;
  s?: Uint8Array;
  floats?: number[];
  ints?: (Int64 | number)[];
  strings?: Uint8Array[];
};
export type OnnxTensor = {
  dims: (Int64 | number)[];
  dataType: number;
  floatData?: number[];
  stringData?: Uint8Array[];
  int64Data?: (Int64 | number)[];
  name: string;
  rawData?: Uint8Array;
};

const root = protobuf.parse(
  `syntax = "proto2";
message Model { optional int64 ir_version = 1; optional Graph graph = 7; repeated Opset opset_import = 8; repeated Entry metadata_props = 14; }
message Opset { optional string domain = 1; optional int64 version = 2; }
message Entry { optional string key = 1; optional string value = 2; }
message Graph { repeated Node node = 1; optional string name = 2; repeated bytes initializer = 5; repeated Value input = 11; repeated Value output = 12; }
message Node { repeated string input = 1; repeated string output = 2; optional string name = 3; optional string op_type = 4; repeated bytes attribute = 5; optional string domain = 7; }
message Value { optional string name = 1; optional Type type = 2; }
message Type { optional TensorType tensor_type = 1; }
message TensorType { optional int32 elem_type = 1; optional Shape shape = 2; }
message Shape { repeated Dim dim = 1; }
message Dim { optional int64 dim_value = 1; optional string dim_param = 2; }
message AttributeName { optional string name = 1; }
message Attribute { optional string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4; repeated float floats = 7; repeated int64 ints = 8; repeated bytes strings = 9; optional int32 type = 20; }
message TensorName { optional string name = 8; }
message Tensor { repeated int64 dims = 1; optional int32 data_type = 2; repeated float float_data = 4 [packed = true]; repeated bytes string_data = 6; repeated int64 int64_data = 7 [packed = true]; optional string name = 8; optional bytes raw_data = 9; }`,
).root;

function decode(type: string, bytes: Uint8Array, keepUnknown: boolean): unknown {
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = !keepUnknown;
  return root.lookupType(type).decode(reader);
}

function encode(type: string, message: object): Uint8Array {
  return root.lookupType(type).encode(message).finish();
}

/** Decodes a model and keeps its unknown fields. Throws what protobufjs throws when the bytes are something else. */
export const decodeModel = (bytes: Uint8Array): OnnxModel => decode('Model', bytes, true) as OnnxModel;
export const encodeModel = (model: OnnxModel): Uint8Array => encode('Model', model);

/** The name alone: cheap for the megabytes of a forest's attributes. */
export const attributeName = (bytes: Uint8Array): string =>
  (decode('AttributeName', bytes, false) as { name: string }).name;
export const decodeAttribute = (bytes: Uint8Array): OnnxAttribute =>
  decode('Attribute', bytes, false) as OnnxAttribute;
export const encodeAttribute = (attribute: OnnxAttribute): Uint8Array => encode('Attribute', attribute);

export const tensorName = (bytes: Uint8Array): string =>
  (decode('TensorName', bytes, false) as { name: string }).name;
export const decodeTensor = (bytes: Uint8Array): OnnxTensor => decode('Tensor', bytes, false) as OnnxTensor;
export const encodeTensor = (tensor: OnnxTensor): Uint8Array => encode('Tensor', tensor);
