/** What an ensemble's sums mean: ONNX's post-processing as the ONNX Runtime does it (tree_ensemble_aggregator.h), as far as converters use it. */
import type { TreeNode } from './read-tree-node.ts';

/** 32-bit floats all; `bases` are added to the sums, one a column. */
export type TreeOutcome = { readonly bases: readonly number[] } & (
  | { readonly kind: 'number'; readonly divisor: number }
  /** Of two classes: the sum is the second one's share, and it wins above a half. */
  | { readonly kind: 'share' }
  /** Of two classes: the second one's share is the logistic function of the sum, and it wins above 0. */
  | { readonly kind: 'logit' }
  /** Of three or more: the greatest sum wins, the first of equal ones. */
  | { readonly kind: 'classes'; readonly transform: 'NONE' | 'SOFTMAX' | 'LOGISTIC' }
);

/** Undefined where the runtime would do something that is not here. @param trees how many there are */
export function treeOutcome(node: TreeNode, trees: number): TreeOutcome | undefined {
  const { baseValues, columns, postTransform, labels } = node;
  if (baseValues.length > 0 && baseValues.length !== columns) return undefined;
  const bases = baseValues.length > 0 ? baseValues : Array.from({ length: columns }, () => 0);
  if (labels.length === 0) return numberOutcome(node, bases, trees);
  if (columns >= 3) {
    return postTransform === 'NONE' || postTransform === 'SOFTMAX' || postTransform === 'LOGISTIC'
      ? { kind: 'classes', bases, transform: postTransform }
      : undefined;
  }
  if (columns !== 1 || labels.length !== 2) return undefined;
  const negative = node.leaves.weights.some((weight) => weight < 0);
  if (postTransform === 'NONE') return negative ? undefined : { kind: 'share', bases };
  return postTransform === 'LOGISTIC' && negative ? { kind: 'logit', bases } : undefined;
}

function numberOutcome(
  { columns, postTransform, aggregate }: TreeNode,
  bases: readonly number[],
  trees: number,
): TreeOutcome | undefined {
  if (columns !== 1 || postTransform !== 'NONE') return undefined;
  if (aggregate === 'SUM') return { kind: 'number', bases, divisor: 1 };
  return aggregate === 'AVERAGE' ? { kind: 'number', bases, divisor: trees } : undefined;
}
