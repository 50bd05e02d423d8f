/** ONNX's element types by number, as far as scoring can feed or read them. */
import type { ValueType } from './model-info.ts';

/** TensorProto.DataType. */
export const onnxFloat = 1;
export const onnxInt32 = 6;
export const onnxInt64 = 7;
export const onnxString = 8;

const valueTypes: Readonly<Record<number, ValueType | 'int32'>> = {
  1: 'float32',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  11: 'float64',
};

const otherNames: Readonly<Record<number, string>> = {
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  10: 'float16',
  12: 'uint32',
  13: 'uint64',
  14: 'complex64',
  15: 'complex128',
  16: 'bfloat16',
};

/** The type scoring works with, or undefined where it cannot. */
export function valueType(elemType: number): ValueType | 'int32' | undefined {
  return valueTypes[elemType];
}

/** A type's name for messages. */
export function typeName(elemType: number): string {
  return valueTypes[elemType] ?? otherNames[elemType] ?? `type ${elemType}`;
}
