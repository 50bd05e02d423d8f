/** Tells the element type of a value inside a graph where it follows from the operators that converters put before trees. */
import { attributeOf, initializerOf, producerOf } from '../graph-search.ts';
import type { OnnxGraph } from '../onnx-schema.ts';
import { onnxFloat } from '../onnx-type.ts';

/** Give 32-bit floats whatever they take. */
const givesFloats = new Set(['OneHotEncoder', 'Scaler', 'Normalizer', 'FeatureVectorizer']);
/** Give the type of their first input. */
const keepsType = new Set(
  (
    'Add ArrayFeatureExtractor Binarizer Clip Concat Div Flatten Gather Identity Imputer Log MatMul Max Min Mul ' +
    'Relu Reshape Slice Sqrt Squeeze Sub Transpose Unsqueeze'
  ).split(' '),
);
/** Longer chains are not what converters write; it also ends cycles. */
const stepsMax = 64;

/** TensorProto.DataType, or undefined where the graph does not tell by these operators alone. */
export function elementType(graph: OnnxGraph, value: string): number | undefined {
  let name = value;
  for (let step = 0; step < stepsMax; step += 1) {
    const node = producerOf(graph, name);
    if (node === undefined) {
      const input = graph.input.find((candidate) => candidate.name === name);
      return input?.type?.tensorType?.elemType ?? initializerOf(graph, name)?.dataType;
    }
    if (node.opType === 'Cast') {
      const to = attributeOf(node, 'to')?.i;
      return to === undefined ? undefined : Number(to);
    }
    if (givesFloats.has(node.opType)) return onnxFloat;
    if (!keepsType.has(node.opType)) return undefined;
    name = node.input[0] ?? '';
  }
  return undefined;
}
