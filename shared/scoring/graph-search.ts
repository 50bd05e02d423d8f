/** Questions to a graph: who makes a value, who uses it, what an attribute or an initializer says. */
import {
  attributeName,
  decodeAttribute,
  decodeTensor,
  tensorName,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from './onnx-schema.ts';

/** The node that makes a value; undefined for inputs and initializers. */
export function producerOf(graph: OnnxGraph, value: string): OnnxNode | undefined {
  return value === '' ? undefined : graph.node.find((node) => node.output.includes(value));
}

/** Nodes that take a value at least once (not looking into nested graphs). */
export function usersOf(graph: OnnxGraph, value: string): OnnxNode[] {
  return graph.node.filter((node) => node.input.includes(value));
}

/** An attribute of a node, decoded. */
export function attributeOf(node: OnnxNode, name: string): OnnxAttribute | undefined {
  const bytes = node.attribute.find((attribute) => attributeName(attribute) === name);
  return bytes === undefined ? undefined : decodeAttribute(bytes);
}

/** The texts of a `strings` attribute; undefined where it is absent or empty. */
export function stringsOf(node: OnnxNode, name: string): string[] | undefined {
  const strings = attributeOf(node, name)?.strings;
  if (strings === undefined || strings.length === 0) return undefined;
  const decoder = new TextDecoder();
  return strings.map((bytes) => decoder.decode(bytes));
}

/** The numbers of an `ints` attribute as exact decimal texts; undefined where it is absent or empty. */
export function intsOf(node: OnnxNode, name: string): string[] | undefined {
  const ints = attributeOf(node, name)?.ints;
  return ints === undefined || ints.length === 0 ? undefined : ints.map(String);
}

/** A constant of the graph, decoded. */
export function initializerOf(graph: OnnxGraph, name: string): OnnxTensor | undefined {
  const bytes = graph.initializer.find((tensor) => tensorName(tensor) === name);
  return bytes === undefined ? undefined : decodeTensor(bytes);
}
