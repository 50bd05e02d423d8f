/**
 * Moves a linear model's weights of one-hot columns to where the columns are encoded. Of `K` categories and `S` sums a
 * column then gives `S` numbers instead of `K`, nearly all of them 0, and those once for each text of a batch
 * (dictionary-inputs.ts) instead of once for each row.
 */
import { freshName } from './fresh-name.ts';
import { attributeOf, initializerOf, producerOf, stringsOf, usersOf } from './graph-search.ts';
import { nodesWithGraphs } from './nested-graphs.ts';
import {
  attributeName,
  encodeAttribute,
  encodeTensor,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from './onnx-schema.ts';
import { onnxFloat, onnxInt64 } from './onnx-type.ts';
import { tensorTexts } from './tensor-texts.ts';

const attributeTypeFloats = 6;
const mlDomain = 'ai.onnx.ml';

/** What a row of features is made of, in its order; `encoder` where a part is one column's one-hot row. */
type Part = { readonly value: string; readonly width: number; readonly encoder?: OnnxNode };
type Layout = { readonly parts: readonly Part[]; readonly reshapes: readonly Reshape[] };
/** A node that says how many numbers of these parts a row has. */
type Reshape = { readonly node: OnnxNode; readonly parts: readonly Part[] };

const isLinear = ({ opType, domain }: OnnxNode): boolean =>
  domain === mlDomain && (opType === 'LinearClassifier' || opType === 'LinearRegressor');

/** Changes the graph in place where it is put together as converters put it; elsewhere nothing. */
export function foldLinear(graph: OnnxGraph): void {
  if (graph.node.some((node) => nodesWithGraphs.has(node.opType))) return;
  for (const node of graph.node.filter(isLinear)) foldNode(graph, node);
}

function foldNode(graph: OnnxGraph, node: OnnxNode): void {
  const weights = attributeOf(node, 'coefficients')?.floats ?? [];
  const sums = attributeOf(node, 'intercepts')?.floats?.length ?? 0;
  const layout = layoutOf(graph, node.input[0] ?? '');
  if (layout === undefined || sums === 0 || widthOf(layout.parts) * sums !== weights.length) return;
  const folded = new Map<Part, Part>();
  let from = 0;
  for (const part of layout.parts) {
    if (part.encoder !== undefined && part.width > sums) {
      folded.set(part, foldPart(graph, part, partWeights(weights, sums, from, part.width), sums));
    }
    from += part.width;
  }
  if (folded.size === 0) return;
  for (const { node: reshape, parts } of layout.reshapes) {
    const width = widthOf(parts.map((part) => folded.get(part) ?? part));
    reshape.input = [reshape.input[0] ?? '', addShape(graph, reshape.output[0] ?? '', width)];
  }
  node.attribute = [
    ...node.attribute.filter((bytes) => attributeName(bytes) !== 'coefficients'),
    encodeAttribute({
      name: 'coefficients',
      floats: foldedWeights(weights, sums, layout.parts, folded),
      type: attributeTypeFloats,
    }),
  ];
}

const widthOf = (parts: readonly Part[]): number => parts.reduce((sum, { width }) => sum + width, 0);

/** [categories, sums], row after row, of what is [sums, features]. */
function partWeights(weights: readonly number[], sums: number, from: number, width: number): number[] {
  const features = weights.length / sums;
  return Array.from({ length: width * sums }, (_, i) => {
    const [category, sum] = [Math.floor(i / sums), i % sums];
    return weights[sum * features + from + category] ?? 0;
  });
}

/** Puts the multiplication behind the encoder. */
function foldPart(graph: OnnxGraph, part: Part, weights: number[], sums: number): Part {
  const [user] = usersOf(graph, part.value);
  const matrix = freshName(graph, `${part.value}__weights`);
  graph.initializer.push(
    encodeTensor({ name: matrix, dims: [part.width, sums], dataType: onnxFloat, floatData: weights }),
  );
  const value = freshName(graph, `${part.value}__sums`);
  const product: OnnxNode = { input: [part.value, matrix], output: [value], opType: 'MatMul', attribute: [] };
  if (user !== undefined) user.input = user.input.map((name) => (name === part.value ? value : name));
  graph.node.splice(graph.node.indexOf(part.encoder as OnnxNode) + 1, 0, product);
  return { value, width: sums };
}

function foldedWeights(
  weights: readonly number[],
  sums: number,
  parts: readonly Part[],
  folded: ReadonlyMap<Part, Part>,
): number[] {
  const features = weights.length / sums;
  const made: number[] = [];
  for (let sum = 0; sum < sums; sum += 1) {
    let from = sum * features;
    for (const part of parts) {
      if (folded.has(part)) for (let i = 0; i < sums; i += 1) made.push(i === sum ? 1 : 0);
      else for (let i = 0; i < part.width; i += 1) made.push(weights[from + i] ?? 0);
      from += part.width;
    }
  }
  return made;
}

function addShape(graph: OnnxGraph, of: string, width: number): string {
  const name = freshName(graph, `${of}__shape`);
  graph.initializer.push(encodeTensor({ name, dims: [2], dataType: onnxInt64, int64Data: [-1, width] }));
  return name;
}

/** Undefined where a part's width is not known, or something else looks at what would change. */
function layoutOf(graph: OnnxGraph, value: string): Layout | undefined {
  if (usersOf(graph, value).length !== 1 || graph.output.some(({ name }) => name === value)) return undefined;
  const node = producerOf(graph, value);
  switch (node?.opType) {
    case 'Concat': {
      // A part that is there twice has one user all the same.
      if (!isAlongRows(node) || new Set(node.input).size < node.input.length) return undefined;
      const layouts = node.input.map((input) => layoutOf(graph, input));
      if (layouts.includes(undefined)) return undefined;
      const all = layouts as Layout[];
      return {
        parts: all.flatMap(({ parts }) => parts),
        reshapes: all.flatMap(({ reshapes }) => reshapes),
      };
    }
    case 'Reshape': {
      const inner = layoutOf(graph, node.input[0] ?? '');
      const shape = initializerOf(graph, node.input[1] ?? '');
      if (inner === undefined || !isRowsOf(shape, widthOf(inner.parts))) return undefined;
      return { parts: inner.parts, reshapes: [...inner.reshapes, { node, parts: inner.parts }] };
    }
    case 'OneHotEncoder': {
      const width = stringsOf(node, 'cats_strings')?.length;
      return width === undefined ? undefined : { parts: [{ value, width, encoder: node }], reshapes: [] };
    }
    default: {
      const width = numbersOf(graph, value);
      return width === undefined ? undefined : { parts: [{ value, width }], reshapes: [] };
    }
  }
}

/** Of [rows, numbers] and of [rows, 1, numbers]. */
function isAlongRows(node: OnnxNode): boolean {
  const axis = Number(attributeOf(node, 'axis')?.i);
  return axis === -1 || axis === 1 || axis === 2;
}

function isRowsOf(shape: OnnxTensor | undefined, width: number): boolean {
  const [rows, numbers, ...more] = (shape === undefined ? undefined : tensorTexts(shape)) ?? [];
  return rows === '-1' && numbers === String(width) && more.length === 0;
}

/** Give as many numbers a row as they take. */
const keepsWidth = new Set('Add Cast Clip Div Identity Imputer Mul Normalizer Scaler Sub'.split(' '));
/** Longer chains are not what converters write; it also ends cycles. */
const depthMax = 32;

/** Numbers a row, where the graph tells by these operators. */
function numbersOf(graph: OnnxGraph, value: string, depth = 0): number | undefined {
  const node = producerOf(graph, value);
  if (depth === depthMax) return undefined;
  if (node === undefined) {
    const dims = graph.input.find(({ name }) => name === value)?.type?.tensorType?.shape?.dim;
    const width = dims?.length === 2 ? Number(dims[1]?.dimValue ?? 0) : 0;
    return width > 0 ? width : undefined;
  }
  if (node.opType === 'Concat' && isAlongRows(node)) {
    const widths = node.input.map((input) => numbersOf(graph, input, depth + 1));
    return widths.includes(undefined)
      ? undefined
      : (widths as number[]).reduce((sum, width) => sum + width, 0);
  }
  return keepsWidth.has(node.opType) ? numbersOf(graph, node.input[0] ?? '', depth + 1) : undefined;
}
