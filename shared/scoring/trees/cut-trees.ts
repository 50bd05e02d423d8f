/** Cuts the trees off the end of a graph: the runtime then gives the numbers that they look at, and they are walked here. */
import type { ChosenOutputs } from '../describe-outputs.ts';
import { freshName } from '../fresh-name.ts';
import { attributeOf, intsOf, producerOf, stringsOf } from '../graph-search.ts';
import type { OnnxGraph, OnnxNode } from '../onnx-schema.ts';
import { onnxFloat, onnxInt64 } from '../onnx-type.ts';
import { nodesWithGraphs } from '../nested-graphs.ts';
import { elementType } from './element-type.ts';
import { layOutTrees } from './lay-out-trees.ts';
import { readTreeNode } from './read-tree-node.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';
import { treeOutcome, type TreeOutcome } from './tree-outcome.ts';

/** How to score with trees that were cut off. Can be sent to a thread; the nodes' memory is shared then. */
export type TreePlan = {
  /** The graph's only output: float32 [rows, at least the ensemble's features]. */
  readonly features: string;
  readonly ensemble: TreeEnsemble;
  readonly outcome: TreeOutcome;
  /** A classifier's labels by index. */
  readonly labels: readonly string[];
};

const operators = new Set(['TreeEnsembleClassifier', 'TreeEnsembleRegressor']);

/**
 * Changes the graph in place where all that is read comes from one TreeEnsemble, of a kind that is walked here exactly as
 * the runtime walks it. Everything else stays as it is: undefined.
 */
export function cutTrees(graph: OnnxGraph, chosen: ChosenOutputs): TreePlan | undefined {
  const node = treesOf(graph, chosen);
  const features = node?.input[0];
  if (node === undefined || features === undefined) return undefined;
  if (graph.node.some((other) => nodesWithGraphs.has(other.opType))) return undefined;
  if (elementType(graph, features) !== onnxFloat) return undefined;
  const trees = readTreeNode(node);
  if (trees === undefined) return undefined;
  const { task } = chosen;
  const expected = task.kind === 'regression' ? [] : task.labels;
  if (trees.labels.length !== expected.length || trees.labels.some((label, i) => label !== expected[i])) {
    return undefined;
  }
  const ensemble = layOutTrees(trees);
  const outcome = ensemble === undefined ? undefined : treeOutcome(trees, ensemble.trees.length);
  if (ensemble === undefined || outcome === undefined) return undefined;
  return { features: keepOnly(graph, features), ensemble, outcome, labels: trees.labels };
}

/** The node whose outputs the chosen ones are, unchanged. */
function treesOf(graph: OnnxGraph, { label, probabilities, task }: ChosenOutputs): OnnxNode | undefined {
  const made = source(graph, label.name);
  const node = producerOf(graph, made);
  if (node === undefined || !operators.has(node.opType) || node.domain !== 'ai.onnx.ml') return undefined;
  if (node.output[0] !== made) return undefined;
  if (node.opType === 'TreeEnsembleRegressor') return task.kind === 'regression' ? node : undefined;
  const list =
    label.type === 'string' ? stringsOf(node, 'classlabels_strings') : intsOf(node, 'classlabels_int64s');
  if (list === undefined || task.kind === 'regression') return undefined;
  return probabilities === undefined || source(graph, probabilities.name) === node.output[1]
    ? node
    : undefined;
}

/** Where a value comes from that was only handed on. Converters cast whole numbers to what they are. */
function source(graph: OnnxGraph, value: string): string {
  const seen = new Set<string>();
  for (let at = value; ;) {
    const node = producerOf(graph, at);
    const [input] = node?.input ?? [];
    if (node === undefined || input === undefined || seen.has(at) || !handsOn(node)) return at;
    seen.add(at);
    at = input;
  }
}

const handsOn = (node: OnnxNode): boolean =>
  node.opType === 'Identity' || (node.opType === 'Cast' && Number(attributeOf(node, 'to')?.i) === onnxInt64);

/**
 * Makes a value the graph's only output, and leaves what it is made of. An input goes through an Identity: the runtime
 * does not write it to the memory that it is given for outputs.
 * @returns The output's name.
 */
function keepOnly(graph: OnnxGraph, value: string): string {
  const kept = new Set<OnnxNode>();
  const open = [value];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = producerOf(graph, name);
    if (node === undefined || kept.has(node)) continue;
    kept.add(node);
    for (const input of node.input) open.push(input);
  }
  graph.node = graph.node.filter((node) => kept.has(node));
  const output = freshName(graph, `${value}__features`);
  graph.node.push({ input: [value], output: [output], opType: 'Identity', attribute: [] });
  graph.output = [{ name: output, type: { tensorType: { elemType: onnxFloat, shape: { dim: [{}, {}] } } } }];
  return output;
}
