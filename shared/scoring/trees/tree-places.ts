/** Where the nodes of each tree stand in an ONNX node's lists. */
import type { TreeNode } from './read-tree-node.ts';

/** The nodes of a tree are the list's from `start` on; `byId` only where their ids do not count on from the first. */
type Span = { readonly start: number; readonly end: number; readonly byId?: ReadonlyMap<number, number> };

export type TreePlaces = {
  /** The list's places of the roots: each tree's first node. */
  readonly roots: readonly number[];
  /** The place of a tree's node. */
  readonly placeOf: (treeId: number, nodeId: number) => number | undefined;
};

/** Undefined where a tree is not in one piece, or a node is there twice. */
export function treePlaces({ treeIds, nodeIds }: TreeNode['nodes']): TreePlaces | undefined {
  const spans = new Map<number, Span>();
  for (let start = 0; start < treeIds.length;) {
    const treeId = treeIds[start]!;
    let end = start + 1;
    while (end < treeIds.length && treeIds[end] === treeId) end += 1;
    const span = spanOf(nodeIds, start, end);
    if (span === undefined || spans.has(treeId)) return undefined;
    spans.set(treeId, span);
    start = end;
  }
  return {
    roots: Array.from(spans.values(), ({ start }) => start),
    placeOf: (treeId, nodeId) => {
      const span = spans.get(treeId);
      if (span?.byId !== undefined) return span.byId.get(nodeId);
      if (span === undefined) return undefined;
      const place = span.start + nodeId - nodeIds[span.start]!;
      return place >= span.start && place < span.end ? place : undefined;
    },
  };
}

function spanOf(nodeIds: Int32Array, start: number, end: number): Span | undefined {
  const first = nodeIds[start]!;
  let next = start;
  while (next < end && nodeIds[next] === first + next - start) next += 1;
  if (next === end) return { start, end };
  const byId = new Map<number, number>();
  for (let place = start; place < end; place += 1) byId.set(nodeIds[place]!, place);
  return byId.size === end - start ? { start, end, byId } : undefined;
}
