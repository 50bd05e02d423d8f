/** Lays the trees of an ONNX node out for walking, or says by `undefined` that the runtime has to walk them. */
import { floatBelow } from './float-below.ts';
import { leafWeights, type LeafWeights } from './leaf-weights.ts';
import type { TreeNode } from './read-tree-node.ts';
import { nodeWords, type Tree, type TreeEnsemble } from './tree-ensemble.ts';
import { treePlaces, type TreePlaces } from './tree-places.ts';

/** Above this the runtime's own memory for them is as much as a VM should take. */
const nodesMax = 4_194_304;

/** What is filled, and how far. */
type Layout = {
  readonly floats: Float32Array;
  readonly ints: Int32Array;
  readonly nanIsTrue: Uint8Array;
  nodes: number;
  features: number;
};

export function layOutTrees(node: TreeNode): TreeEnsemble | undefined {
  const { nodes, columns } = node;
  const count = nodes.treeIds.length;
  const full = [nodes.nodeIds, nodes.modes, nodes.featureIds, nodes.values, nodes.trueIds, nodes.falseIds];
  if (count === 0 || count > nodesMax || full.some((list) => list.length !== count)) return undefined;
  const places = treePlaces(nodes);
  const weights = places === undefined ? undefined : leafWeights(node, places);
  if (places === undefined || weights === undefined) return undefined;
  const words = new SharedArrayBuffer(count * nodeWords * 4);
  const layout: Layout = {
    floats: new Float32Array(words),
    ints: new Int32Array(words),
    nanIsTrue: new Uint8Array(count),
    nodes: 0,
    features: 0,
  };
  const trees: Tree[] = [];
  for (const root of places.roots) {
    const tree = layOutTree(layout, node, places, weights, root);
    if (tree === undefined) return undefined;
    trees.push(tree);
  }
  const { features, nanIsTrue } = layout;
  const ensemble = { words, trees, weights: weights.weights, columns, features };
  return nanIsTrue.includes(1) ? { ...ensemble, nanIsTrue } : ensemble;
}

/** In breadth, so that the steps that all rows go stand together. */
function layOutTree(
  layout: Layout,
  { nodes }: TreeNode,
  places: TreePlaces,
  weights: LeafWeights,
  root: number,
): Tree | undefined {
  const treeId = nodes.treeIds[root]!;
  const span = weights.spanOf(treeId);
  if (span === undefined) return undefined;
  const first = layout.nodes;
  const queue = [root];
  const depths = [0];
  const seen = new Set(queue);
  let depth = 0;
  for (let at = 0; at < queue.length; at += 1) {
    const place = queue[at]!;
    const word = (first + at) * nodeWords;
    depth = depths[at]!;
    if (nodes.modes[place] === 'LEAF') {
      putLeaf(layout, word, weights, span.columns, place);
      continue;
    }
    const ifFalse = places.placeOf(treeId, nodes.falseIds[place]!);
    const ifTrue = places.placeOf(treeId, nodes.trueIds[place]!);
    // Two ways to one node, or a way back: no tree.
    if (ifFalse === undefined || ifTrue === undefined) return undefined;
    if (ifFalse === ifTrue || seen.has(ifFalse) || seen.has(ifTrue)) return undefined;
    if (!putBranch(layout, word, nodes, place)) return undefined;
    for (const [way, child] of [ifFalse, ifTrue].entries()) {
      layout.ints[word + 2 + way] = (first + queue.length) * nodeWords;
      seen.add(child);
      queue.push(child);
      depths.push(depth + 1);
    }
  }
  layout.nodes += queue.length;
  return { root: first * nodeWords, depth, ...span };
}

function putLeaf(
  { floats, ints }: Layout,
  word: number,
  weights: LeafWeights,
  columns: number,
  place: number,
): void {
  ints[word + 2] = word;
  ints[word + 3] = word;
  if (columns === 1) floats[word] = weights.weights[weights.firstOf(place)]!;
  else ints[word] = weights.firstOf(place);
}

/** @returns false for a comparison that is not one of two. */
function putBranch(layout: Layout, word: number, nodes: TreeNode['nodes'], place: number): boolean {
  const feature = nodes.featureIds[place]!;
  const mode = nodes.modes[place];
  if (feature < 0 || (mode !== 'BRANCH_LEQ' && mode !== 'BRANCH_LT')) return false;
  const threshold = nodes.values[place]!;
  layout.floats[word] = mode === 'BRANCH_LEQ' ? threshold : floatBelow(threshold);
  layout.ints[word + 1] = feature;
  layout.nanIsTrue[word / nodeWords] = nodes.missingTracksTrue[place] === 1 ? 1 : 0;
  layout.features = Math.max(layout.features, feature + 1);
  return true;
}
