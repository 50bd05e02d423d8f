/** Removes ZipMap, the converter's default last node: its sequence of maps cannot be read, the tensor that goes in can. */
import { intsOf, producerOf, stringsOf } from './graph-search.ts';
import type { OnnxGraph, OnnxNode, OnnxValue } from './onnx-schema.ts';
import { onnxFloat } from './onnx-type.ts';

/** A ZipMap that was removed: its input is the graph's output now, with these class labels as columns. */
export type DroppedZipMap = { readonly output: string; readonly labels: readonly string[] };

function probabilityValue(name: string, classes: number): OnnxValue {
  return {
    name,
    type: { tensorType: { elemType: onnxFloat, shape: { dim: [{}, { dimValue: classes }] } } },
  };
}

const isZipMap = (node: OnnxNode): boolean => node.opType === 'ZipMap' && node.domain === 'ai.onnx.ml';

/** Changes the graph in place. Only a ZipMap whose result is a graph output is removed: nothing else can use one. */
export function dropZipMaps(graph: OnnxGraph): DroppedZipMap[] {
  const dropped: DroppedZipMap[] = [];
  const names = new Set(graph.output.map((output) => output.name));
  graph.output = graph.output.flatMap((output) => {
    const node = producerOf(graph, output.name);
    const source = node?.input[0];
    if (node === undefined || source === undefined || !isZipMap(node)) return [output];
    const labels = stringsOf(node, 'classlabels_strings') ?? intsOf(node, 'classlabels_int64s') ?? [];
    dropped.push({ output: source, labels });
    // Some exports give the tensor beside the maps: an output may be there only once.
    if (names.has(source)) return [];
    names.add(source);
    return [probabilityValue(source, labels.length)];
  });
  graph.node = graph.node.filter(
    (node) => !isZipMap(node) || !dropped.some((zip) => zip.output === node.input[0]),
  );
  return dropped;
}
