/** A classifier that gives probabilities alone gets a label: the likeliest class. One with a label keeps its own. */
import type { DroppedZipMap } from './drop-zipmap.ts';
import { freshName } from './fresh-name.ts';
import { producerOf } from './graph-search.ts';
import { encodeAttribute, type OnnxModel, type OnnxValue } from './onnx-schema.ts';
import { onnxInt64, valueType } from './onnx-type.ts';

/** The new output: int64 indices into `labels`. */
export type MadeLabel = { readonly name: string; readonly labels: readonly string[] };

const attributeTypeInt = 2;
/** What ends in classes' shares; several numbers of anything else are no probabilities. */
const givesShares = new Set([
  'Softmax',
  'LinearClassifier',
  'SVMClassifier',
  'TreeEnsembleClassifier',
  'Normalizer',
]);

/** Numbers a row, 0 where it does not say. */
function widthOf(value: OnnxValue): number {
  const tensor = value.type?.tensorType;
  const type = tensor === undefined ? undefined : valueType(tensor.elemType);
  if (type !== 'float32' && type !== 'float64') return 0;
  const dims = tensor?.shape?.dim ?? [];
  return dims.length === 2 ? Number(dims[1]?.dimValue ?? 0) : 0;
}

/** Changes the model in place when its only output is probabilities of two classes or more. */
export function labelProbabilities(
  model: OnnxModel,
  dropped: readonly DroppedZipMap[],
): MadeLabel | undefined {
  const { graph } = model;
  const [only, ...others] = graph.output;
  if (only === undefined || others.length > 0) return undefined;
  const width = widthOf(only);
  const zip = dropped.find(({ output }) => output === only.name);
  const isShares =
    zip !== undefined ||
    /prob/i.test(only.name) ||
    givesShares.has(producerOf(graph, only.name)?.opType ?? '');
  if (width < 2 || !isShares) return undefined;
  const name = freshName(graph, `${only.name}__class`);
  const attribute = [
    encodeAttribute({ name: 'axis', i: 1, type: attributeTypeInt }),
    encodeAttribute({ name: 'keepdims', i: 0, type: attributeTypeInt }),
  ];
  graph.node.push({ input: [only.name], output: [name], opType: 'ArgMax', attribute });
  graph.output.push({ name, type: { tensorType: { elemType: onnxInt64, shape: { dim: [{}] } } } });
  const labels =
    zip?.labels.length === width ? zip.labels : Array.from({ length: width }, (_, i) => String(i));
  return { name, labels };
}
