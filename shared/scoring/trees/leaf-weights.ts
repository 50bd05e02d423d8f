/** The weights of an ensemble's leaves: of each leaf one for every column that its tree adds to. */
import type { TreeNode } from './read-tree-node.ts';
import type { TreePlaces } from './tree-places.ts';

export type Span = { readonly firstColumn: number; readonly columns: number };

export type LeafWeights = {
  readonly weights: Float32Array;
  /** The columns that a tree adds to; undefined for a tree without a weight. */
  readonly spanOf: (treeId: number) => Span | undefined;
  /** Where the first weight of the leaf at this place of the lists stands in `weights`. */
  readonly firstOf: (place: number) => number;
};

const weightsMax = 16_777_216;

/**
 * Undefined where the runtime would do something else than add: a weight that is there twice, a column without a tree,
 * or, beside negative weights, one that is missing (a class without a score loses even against negative ones).
 */
export function leafWeights(
  { nodes, leaves, columns }: TreeNode,
  places: TreePlaces,
): LeafWeights | undefined {
  const count = leaves.weights.length;
  if ([leaves.treeIds, leaves.nodeIds, leaves.columns].some((list) => list.length !== count))
    return undefined;
  const spans = spansOf(leaves, columns);
  if (spans === undefined) return undefined;
  const first = new Int32Array(nodes.treeIds.length);
  let size = 0;
  for (const [place, mode] of nodes.modes.entries()) {
    if (mode !== 'LEAF') continue;
    first[place] = size;
    size += spans.get(nodes.treeIds[place]!)?.columns ?? 0;
    if (size > weightsMax) return undefined;
  }
  const weights = new Float32Array(size);
  const filled = new Uint8Array(size);
  let missing = size;
  for (let i = 0; i < count; i += 1) {
    const treeId = leaves.treeIds[i]!;
    const place = places.placeOf(treeId, leaves.nodeIds[i]!);
    const span: Span | undefined = spans.get(treeId);
    if (place === undefined || span === undefined || nodes.modes[place] !== 'LEAF') return undefined;
    const at = first[place]! + leaves.columns[i]! - span.firstColumn;
    if (filled[at] === 1) return undefined;
    filled[at] = 1;
    missing -= 1;
    weights[at] = leaves.weights[i]!;
  }
  if (missing > 0 && leaves.weights.some((weight) => weight < 0)) return undefined;
  return { weights, spanOf: (treeId) => spans.get(treeId), firstOf: (place) => first[place]! };
}

function spansOf(leaves: TreeNode['leaves'], columns: number): Map<number, Span> | undefined {
  const spans = new Map<number, Span>();
  const used = new Set<number>();
  for (const [i, treeId] of leaves.treeIds.entries()) {
    const column = leaves.columns[i]!;
    if (column < 0 || column >= columns) return undefined;
    used.add(column);
    const span: Span = spans.get(treeId) ?? { firstColumn: column, columns: 0 };
    const from = Math.min(span.firstColumn, column);
    const to = Math.max(span.firstColumn + span.columns, column + 1);
    if (to - from > span.columns) spans.set(treeId, { firstColumn: from, columns: to - from });
  }
  return used.size === columns ? spans : undefined;
}
