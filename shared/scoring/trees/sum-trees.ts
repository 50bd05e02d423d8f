/** The walk itself: the hottest loop of scoring where the model is made of trees. */
import type { Tree, TreeEnsemble } from './tree-ensemble.ts';

/** Rows that go down a tree side by side. */
const lanes = 8;

/** Steps between two looks at whether all lanes have arrived: what is deepest in a tree is where few rows go. */
const stepsAtOnce = 8;

/** Rows that every tree is walked for before the next ones: their numbers stay in the nearest cache. A multiple of `lanes`. */
const rowsAtOnce = 128;

/** An ensemble and the views that a thread walks it with, made once. */
export type TreeWalk = {
  readonly ensemble: TreeEnsemble;
  /** The nodes' thresholds and one-column leaves' weights. */
  readonly floats: Float32Array;
  /** The nodes' features and ways. */
  readonly ints: Int32Array;
  /** Where the rows of the moment arrived in the tree of the moment. */
  readonly leaves: Int32Array;
};

/** A matrix of numbers, row after row. */
export type Features = { readonly values: Float32Array; readonly width: number };

export function openTrees(ensemble: TreeEnsemble): TreeWalk {
  return {
    ensemble,
    floats: new Float32Array(ensemble.words),
    ints: new Int32Array(ensemble.words),
    leaves: new Int32Array(rowsAtOnce),
  };
}

/**
 * Adds up each row's leaves, as 32-bit floats in the trees' order, as the ONNX Runtime does with one thread.
 * @param features `rows` times at least the ensemble's features
 * @param sums `rows` times the ensemble's columns, written over
 */
export function sumTrees(walk: TreeWalk, features: Features, rows: number, sums: Float32Array): void {
  const { trees, nanIsTrue } = walk.ensemble;
  sums.fill(0);
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const to = Math.min(rows, from + rowsAtOnce);
    const nan = nanIsTrue !== undefined && hasNaN(features, from, to);
    for (const tree of trees) {
      if (nan) walkByOne(walk, nanIsTrue, tree, features, from, to);
      else walkTogether(walk, tree, features, from, to);
      addLeaves(walk, tree, from, to, sums);
    }
  }
}

/** Also true for an infinity: it only costs time. */
function hasNaN({ values, width }: Features, from: number, to: number): boolean {
  let sum = 0;
  for (let i = from * width; i < to * width; i++) sum += (values[i] as number) * 0;
  return sum !== 0;
}

/**
 * A comparison is a number here that the next node is looked up by: `? :` would be a branch. Lanes beyond the last row
 * walk for the last one again: reading outside an array is slow.
 */
function walkTogether(
  { floats, ints, leaves }: TreeWalk,
  { root, depth }: Tree,
  { values, width }: Features,
  from: number,
  to: number,
): void {
  const last = (to - 1) * width;
  for (let row = from; row < to; row += lanes) {
    const x0 = row * width;
    const x1 = Math.min(x0 + width, last);
    const x2 = Math.min(x1 + width, last);
    const x3 = Math.min(x2 + width, last);
    const x4 = Math.min(x3 + width, last);
    const x5 = Math.min(x4 + width, last);
    const x6 = Math.min(x5 + width, last);
    const x7 = Math.min(x6 + width, last);
    let n0 = root;
    let n1 = root;
    let n2 = root;
    let n3 = root;
    let n4 = root;
    let n5 = root;
    let n6 = root;
    let n7 = root;
    for (let left = depth; left > 0;) {
      const next = Math.max(0, left - stepsAtOnce);
      for (; left > next; left--) {
        n0 = ints[n0 + 2 + +(values[x0 + ints[n0 + 1]!]! <= floats[n0]!)]!;
        n1 = ints[n1 + 2 + +(values[x1 + ints[n1 + 1]!]! <= floats[n1]!)]!;
        n2 = ints[n2 + 2 + +(values[x2 + ints[n2 + 1]!]! <= floats[n2]!)]!;
        n3 = ints[n3 + 2 + +(values[x3 + ints[n3 + 1]!]! <= floats[n3]!)]!;
        n4 = ints[n4 + 2 + +(values[x4 + ints[n4 + 1]!]! <= floats[n4]!)]!;
        n5 = ints[n5 + 2 + +(values[x5 + ints[n5 + 1]!]! <= floats[n5]!)]!;
        n6 = ints[n6 + 2 + +(values[x6 + ints[n6 + 1]!]! <= floats[n6]!)]!;
        n7 = ints[n7 + 2 + +(values[x7 + ints[n7 + 1]!]! <= floats[n7]!)]!;
      }
      if (left > 0 && arrived(ints, n0, n1, n2, n3) && arrived(ints, n4, n5, n6, n7)) break;
    }
    const at = row - from;
    leaves[at] = n0;
    leaves[at + 1] = n1;
    leaves[at + 2] = n2;
    leaves[at + 3] = n3;
    leaves[at + 4] = n4;
    leaves[at + 5] = n5;
    leaves[at + 6] = n6;
    leaves[at + 7] = n7;
  }
}

/** Leaves lead to themselves. */
function arrived(ints: Int32Array, a: number, b: number, c: number, d: number): boolean {
  return ints[a + 2] === a && ints[b + 2] === b && ints[c + 2] === c && ints[d + 2] === d;
}

/** The same for rows with a NaN in them, which may have a way of its own at each node. */
function walkByOne(
  { floats, ints, leaves }: TreeWalk,
  nanIsTrue: Uint8Array,
  { root, depth }: Tree,
  { values, width }: Features,
  from: number,
  to: number,
): void {
  for (let row = from; row < to; row++) {
    let node = root;
    for (let left = depth; left > 0; left--) {
      const x = values[row * width + ints[node + 1]!]!;
      const isTrue = x <= floats[node]! || (Number.isNaN(x) && nanIsTrue[node >> 2] === 1);
      node = ints[node + (isTrue ? 3 : 2)]!;
    }
    leaves[row - from] = node;
  }
}

function addLeaves(
  { ensemble, floats, ints, leaves }: TreeWalk,
  tree: Tree,
  from: number,
  to: number,
  sums: Float32Array,
): void {
  const { columns, weights } = ensemble;
  let sum = from * columns + tree.firstColumn;
  if (tree.columns === 1) {
    for (let i = 0; i < to - from; i++, sum += columns) sums[sum] = sums[sum]! + floats[leaves[i]!]!;
    return;
  }
  for (let i = 0; i < to - from; i++, sum += columns) {
    const first = ints[leaves[i]!]!;
    for (let k = 0; k < tree.columns; k++) sums[sum + k] = sums[sum + k]! + weights[first + k]!;
  }
}
