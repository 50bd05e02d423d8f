/** Forests as ONNX models. */
import type { OnnxNode } from '../../shared/scoring/onnx-schema.ts';
import { ml, model, node, value } from './onnx-fixtures.ts';

export type TestTree =
  | { weights: number[] }
  | {
      feature: number;
      threshold: number;
      mode: string;
      nanIsTrue: boolean;
      ifTrue: TestTree;
      ifFalse: TestTree;
    };

export type Forest = {
  kind: 'classifier' | 'regressor';
  /** Of a classifier. */
  labels?: readonly string[] | readonly number[];
  trees: TestTree[];
  columns: number;
  /** Each tree adds to one column only, in turn. */
  ownColumn: boolean;
  /** Nodes have ids that do not count on; the runtime wants them below the number of all nodes. */
  shuffle: boolean;
  /** Says where NaN goes. */
  missing: boolean;
  bases: number[];
  post: string;
  aggregate?: 'SUM' | 'AVERAGE' | 'MIN';
};

/** Numbers a row: the input `x`. */
export const features = 3;

/** Attributes in place of those that the trees make. */
type Lists = Record<string, { floats: number[] } | { ints: number[] }>;

function sizeOf(tree: TestTree): number {
  return 'weights' in tree ? 1 : 1 + sizeOf(tree.ifTrue) + sizeOf(tree.ifFalse);
}

export function treeNode(of: Forest, more: Lists = {}): OnnxNode {
  const modes: string[] = [];
  const lists: Record<string, number[]> = {};
  const put = (name: string, number: number): void => void (lists[name] ??= []).push(number);
  const prefix = of.kind === 'classifier' ? 'class' : 'target';
  for (const [treeId, root] of of.trees.entries()) {
    const open = [root];
    const size = sizeOf(root);
    const idOf = (at: number): number => (of.shuffle && at > 0 ? size - at : at);
    for (let at = 0; at < open.length; at += 1) {
      const tree = open[at] as TestTree;
      put('nodes_treeids', treeId);
      put('nodes_nodeids', idOf(at));
      if ('weights' in tree) {
        modes.push('LEAF');
        for (const name of [
          'featureids',
          'values',
          'truenodeids',
          'falsenodeids',
          'missing_value_tracks_true',
        ])
          put(`nodes_${name}`, 0);
        for (const [column, weight] of tree.weights.entries()) {
          if (of.ownColumn && column !== treeId % of.columns) continue;
          put(`${prefix}_treeids`, treeId);
          put(`${prefix}_nodeids`, idOf(at));
          put(`${prefix}_ids`, column);
          put(`${prefix}_weights`, weight);
        }
        continue;
      }
      modes.push(tree.mode);
      put('nodes_featureids', tree.feature);
      put('nodes_values', tree.threshold);
      put('nodes_missing_value_tracks_true', tree.nanIsTrue ? 1 : 0);
      put('nodes_truenodeids', idOf(open.push(tree.ifTrue) - 1));
      put('nodes_falsenodeids', idOf(open.push(tree.ifFalse) - 1));
    }
  }
  if (!of.missing) delete lists['nodes_missing_value_tracks_true'];
  const isFloat = (name: string): boolean => name === 'nodes_values' || name.endsWith('_weights');
  const attributes = Object.fromEntries(
    Object.entries(lists).map(([name, list]) => [name, isFloat(name) ? { floats: list } : { ints: list }]),
  );
  const texts = of.labels?.filter((label) => typeof label === 'string') ?? [];
  const ints = of.labels?.filter((label) => typeof label === 'number') ?? [];
  const outputs = of.kind === 'classifier' ? ['label', 'probabilities'] : ['number'];
  return node(
    of.kind === 'classifier' ? 'TreeEnsembleClassifier' : 'TreeEnsembleRegressor',
    ['x'],
    outputs,
    {
      ...attributes,
      nodes_modes: modes,
      post_transform: of.post,
      ...(of.bases.length === 0 ? {} : { base_values: { floats: of.bases } }),
      ...(texts.length === 0 ? {} : { classlabels_strings: texts }),
      ...(ints.length === 0 ? {} : { classlabels_int64s: { ints } }),
      ...(of.kind === 'regressor'
        ? { n_targets: of.columns, aggregate_function: of.aggregate ?? 'SUM' }
        : {}),
      ...more,
    },
    ml,
  );
}

export function forest(of: Forest, more: Lists = {}): Uint8Array {
  const outputs =
    of.kind === 'regressor'
      ? [value('number', 'float32', ['N', of.columns])]
      : [
          value('label', typeof of.labels?.[0] === 'string' ? 'string' : 'int64', ['N']),
          value('probabilities', 'float32', ['N', of.labels?.length ?? 0]),
        ];
  return model({ inputs: [value('x', 'float32', ['N', features])], outputs, nodes: [treeNode(of, more)] });
}
