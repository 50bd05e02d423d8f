/** The entries of a constant of texts or whole numbers. */
import type { OnnxTensor } from './onnx-schema.ts';
import { onnxInt64, onnxString } from './onnx-type.ts';

/** As texts, numbers in decimal; undefined for other types. */
export function tensorTexts(tensor: OnnxTensor): string[] | undefined {
  if (tensor.dataType === onnxString) {
    const decoder = new TextDecoder();
    return tensor.stringData?.map((bytes) => decoder.decode(bytes));
  }
  if (tensor.dataType !== onnxInt64) return undefined;
  const raw = tensor.rawData;
  if (raw === undefined || raw.length === 0) return tensor.int64Data?.map(String);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length >> 3 }, (_, i) => String(view.getBigInt64(i * 8, true)));
}
