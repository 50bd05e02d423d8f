/**
 * A forest or boosted trees, laid out for walking: eight rows of a block go down one tree side by side, so that no row
 * waits for another's memory, and a step has no branch that the processor could guess wrong (the idea of VPred: Asadi,
 * Lin and de Vries, Runtime Optimizations for Tree-Based Machine Learning Models, IEEE TKDE 2014).
 */

/** Numbers of 4 bytes a node takes: threshold (float), feature, and where to go when `x <= threshold` is false and when it is true. */
export const nodeWords = 4;

/**
 * Shared memory: an engine's threads have one copy. Nodes are named by the place of their first word. A leaf leads to
 * itself both ways, its feature is 0, and in its threshold's place stands its weight where its tree adds to one column,
 * else the place (integer) of its first weight in `weights`.
 */
export type TreeEnsemble = {
  readonly words: SharedArrayBuffer;
  readonly trees: readonly Tree[];
  readonly weights: Float32Array;
  /** Sums a row. */
  readonly columns: number;
  /** Numbers a row must have at least. */
  readonly features: number;
  /** For each node 1 where NaN takes the way of "true"; absent where it never does. */
  readonly nanIsTrue?: Uint8Array;
};

/** `depth`: steps to the deepest leaf. Its leaves add to `columns` sums from `firstColumn` on. */
export type Tree = {
  readonly root: number;
  readonly depth: number;
  readonly firstColumn: number;
  readonly columns: number;
};
