/** Finds a classifier's labels in its graph: they name the output's columns and allow labels to be passed as numbers. */
import { initializerOf, intsOf, producerOf, stringsOf } from './graph-search.ts';
import type { OnnxGraph } from './onnx-schema.ts';
import { tensorTexts } from './tensor-texts.ts';

/** Nodes that hand a label on unchanged (a Cast between number types keeps its text). */
const passThrough = new Set(['Identity', 'Cast', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);
const lookups = new Set(['ArrayFeatureExtractor', 'Gather']);
/** Longer chains are not what converters write; it also ends cycles. */
const stepsMax = 16;

/** Labels in class order as texts, or undefined where the graph does not tell. */
export function classLabels(graph: OnnxGraph, labelOutput: string): string[] | undefined {
  let value = labelOutput;
  for (let step = 0; step < stepsMax; step++) {
    const node = producerOf(graph, value);
    if (node === undefined) return undefined;
    const labels =
      stringsOf(node, 'classlabels_strings') ??
      intsOf(node, 'classlabels_int64s') ??
      intsOf(node, 'classlabels_ints');
    if (labels !== undefined) return labels;
    const source = node.input[0] ?? '';
    if (lookups.has(node.opType)) {
      const tensor = initializerOf(graph, source);
      return tensor === undefined ? undefined : tensorTexts(tensor);
    }
    if (!passThrough.has(node.opType)) return undefined;
    value = source;
  }
  return undefined;
}
