/** Reads ONNX's TreeEnsembleClassifier and TreeEnsembleRegressor (ai.onnx.ml 1 to 3). */
import { attributeOf, intsOf, stringsOf } from '../graph-search.ts';
import { attributeName, type OnnxNode } from '../onnx-schema.ts';
import { emptyAttribute, flatAttribute, type FlatAttribute } from './flat-attribute.ts';

/** What the operators' attributes say; lists that are absent are empty. */
export type TreeNode = {
  /** One entry a node; `missingTracksTrue` may be empty. */
  readonly nodes: {
    readonly treeIds: Int32Array;
    readonly nodeIds: Int32Array;
    readonly modes: readonly string[];
    readonly featureIds: Int32Array;
    readonly values: Float32Array;
    readonly trueIds: Int32Array;
    readonly falseIds: Int32Array;
    readonly missingTracksTrue: Int32Array;
  };
  /** One entry for each weight of a leaf: it adds to `columns` (a class or a target). */
  readonly leaves: {
    readonly treeIds: Int32Array;
    readonly nodeIds: Int32Array;
    readonly columns: Int32Array;
    readonly weights: Float32Array;
  };
  readonly baseValues: readonly number[];
  readonly postTransform: string;
  readonly aggregate: string;
  /** A classifier's labels as texts. */
  readonly labels: readonly string[];
  /** Sums a row: one for each class or target, and one for two classes where leaves speak of the first column alone. */
  readonly columns: number;
};

const lists = ['nodes_treeids', 'nodes_nodeids', 'nodes_modes', 'nodes_featureids', 'nodes_values'];
const ways = ['nodes_truenodeids', 'nodes_falsenodeids', 'nodes_missing_value_tracks_true'];
const leafLists = ['treeids', 'nodeids', 'ids', 'weights'];
const rest = ['base_values', 'post_transform', 'aggregate_function', 'n_targets'];
const labelLists = ['classlabels_strings', 'classlabels_int64s'];
/** Says nothing about a score. */
const idle = 'nodes_hitrates';

/** Undefined where the node says something that is not known here (numbers of 64 bits, sets of values). */
export function readTreeNode(node: OnnxNode): TreeNode | undefined {
  const kind = node.opType === 'TreeEnsembleClassifier' ? 'class' : 'target';
  const long = [...lists, ...ways, ...leafLists.map((name) => `${kind}_${name}`)];
  const known = new Set([...long, ...rest, ...labelLists, idle]);
  const flat = new Map<string, FlatAttribute>();
  for (const bytes of node.attribute) {
    const name = attributeName(bytes);
    if (!known.has(name)) return undefined;
    if (long.includes(name)) flat.set(name, flatAttribute(bytes));
  }
  const of = (name: string): FlatAttribute => flat.get(name) ?? emptyAttribute;
  const text = (name: string): string | undefined => {
    const bytes = attributeOf(node, name)?.s;
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  const labels = stringsOf(node, 'classlabels_strings') ?? intsOf(node, 'classlabels_int64s') ?? [];
  const twoInOne = labels.length === 2 && of('class_ids').ints.every((id) => id === 0);
  return {
    nodes: {
      treeIds: of('nodes_treeids').ints,
      nodeIds: of('nodes_nodeids').ints,
      modes: of('nodes_modes').texts,
      featureIds: of('nodes_featureids').ints,
      values: of('nodes_values').floats,
      trueIds: of('nodes_truenodeids').ints,
      falseIds: of('nodes_falsenodeids').ints,
      missingTracksTrue: of('nodes_missing_value_tracks_true').ints,
    },
    leaves: {
      treeIds: of(`${kind}_treeids`).ints,
      nodeIds: of(`${kind}_nodeids`).ints,
      columns: of(`${kind}_ids`).ints,
      weights: of(`${kind}_weights`).floats,
    },
    baseValues: attributeOf(node, 'base_values')?.floats ?? [],
    postTransform: text('post_transform') ?? 'NONE',
    aggregate: text('aggregate_function') ?? 'SUM',
    labels,
    columns:
      kind === 'target' ? Number(attributeOf(node, 'n_targets')?.i ?? 0) : twoInOne ? 1 : labels.length,
  };
}
