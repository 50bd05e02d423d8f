/** Names for values that graph rewriting adds: two values of one name make a model invalid. */
import type { OnnxGraph } from './onnx-schema.ts';

/** `wish`, or `wish` with underscores where the graph has that name already. */
export function freshName(graph: OnnxGraph, wish: string): string {
  const taken = new Set([
    ...graph.node.flatMap((node) => [...node.input, ...node.output]),
    ...graph.input.map((value) => value.name),
    ...graph.output.map((value) => value.name),
  ]);
  let name = wish;
  while (taken.has(name)) name += '_';
  return name;
}
