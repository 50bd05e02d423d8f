/**
 * Rewrites string inputs so that each distinct text crosses into the runtime once per batch and rows are numbers:
 * passing a text costs some 130 ns, more than all the rest of a row.
 */
import type { InputShape } from './describe-inputs.ts';
import { freshName } from './fresh-name.ts';
import { initializerOf, usersOf } from './graph-search.ts';
import { nodesWithGraphs } from './nested-graphs.ts';
import { encodeAttribute, type OnnxGraph, type OnnxNode, type OnnxValue } from './onnx-schema.ts';
import { onnxInt32, onnxString } from './onnx-type.ts';

/** The two inputs that replace a string input: texts [K] and the row's index into them, shaped as the input was. */
export type DictionaryNames = { readonly texts: string; readonly indices: string };

const attributeTypeInt = 2;

function gatherNode(data: string, indices: string, output: string): OnnxNode {
  return {
    input: [data, indices],
    output: [output],
    opType: 'Gather',
    attribute: [encodeAttribute({ name: 'axis', i: 0, type: attributeTypeInt })],
  };
}

function inputValue(name: string, elemType: number, rank: 1 | 2): OnnxValue {
  const dim = rank === 1 ? [{ dimParam: `${name}__n` }] : [{}, { dimValue: 1 as const }];
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/**
 * Encodes the dictionary instead of the rows: one-hot rows are gathered, [K,C] by [N,1] is the encoder's own [N,1,C].
 * Where weights follow, they are applied to the dictionary too.
 * @returns the node that makes what is gathered, and the gathering
 */
function encodeDictionary(
  graph: OnnxGraph,
  encoder: OnnxNode,
  names: DictionaryNames,
): readonly [OnnxNode, OnnxNode] {
  const [user, ...others] = usersOf(graph, encoder.output[0] ?? '');
  const isWeighed = user?.opType === 'MatMul' && initializerOf(graph, user.input[1] ?? '') !== undefined;
  const last = isWeighed && others.length === 0 ? user : encoder;
  const output = last.output[0] ?? '';
  const encoded = freshName(graph, `${output}__dict`);
  encoder.input = [names.texts];
  last.output = [encoded];
  return [last, gatherNode(encoded, names.indices, output)];
}

const isOneHot = (node: OnnxNode): boolean => node.opType === 'OneHotEncoder' && node.domain === 'ai.onnx.ml';

/** Rewrites one string input of width 1; changes the graph in place. */
export function useDictionary(graph: OnnxGraph, input: InputShape): DictionaryNames {
  const names = {
    texts: freshName(graph, `${input.name}__dict`),
    indices: freshName(graph, `${input.name}__idx`),
  };
  // Nested graphs see the rows by the input's name, without being listed as its users.
  const seenElsewhere =
    graph.node.some((node) => nodesWithGraphs.has(node.opType)) ||
    graph.output.some((value) => value.name === input.name);
  const users = usersOf(graph, input.name);
  const needsRows = seenElsewhere || !users.every(isOneHot);
  const gathers = new Map(users.filter(isOneHot).map((node) => encodeDictionary(graph, node, names)));
  graph.node = graph.node.flatMap((node) => {
    const gather = gathers.get(node);
    return gather === undefined ? [node] : [node, gather];
  });
  if (needsRows) graph.node.unshift(gatherNode(names.texts, names.indices, input.name));
  graph.input = graph.input.flatMap((value) =>
    value.name === input.name
      ? [inputValue(names.texts, onnxString, 1), inputValue(names.indices, onnxInt32, input.rank)]
      : [value],
  );
  return names;
}
