/** Small ONNX models built from nothing: what a test needs and no more. */
import {
  encodeAttribute,
  encodeModel,
  encodeTensor,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxValue,
} from '../../shared/scoring/onnx-schema.ts';

export const elem = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
} as const;
export type Elem = keyof typeof elem;

/** `dims`: a number is fixed, a string symbolic. */
export function value(name: string, type: Elem, dims: (number | string)[] = ['N', 1]): OnnxValue {
  const dim = dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: elem[type], shape: { dim } } } };
}

type AttributeValue = number | string | readonly string[] | { ints: number[] } | { floats: number[] };

function attribute(name: string, of: AttributeValue): Uint8Array {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  let fields: Omit<OnnxAttribute, 'name'>;
  if (typeof of === 'number') fields = { i: of, type: 2 };
  else if (typeof of === 'string') fields = { s: bytes(of), type: 3 };
  else if ('ints' in of) fields = { ints: of.ints, type: 7 };
  else if ('floats' in of) fields = { floats: of.floats, type: 6 };
  else fields = { strings: of.map(bytes), type: 8 };
  return encodeAttribute({ name, ...fields });
}

export function node(
  opType: string,
  input: string[],
  output: string[],
  attributes: Record<string, AttributeValue> = {},
  domain = '',
): OnnxNode {
  const encoded = Object.entries(attributes).map(([name, of]) => attribute(name, of));
  return { input, output, opType, domain, attribute: encoded };
}

export const ml = 'ai.onnx.ml';

export type ModelParts = {
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  nodes: OnnxNode[];
  initializers?: Uint8Array[];
  metadata?: Record<string, string>;
  mlVersion?: number;
};

export function model(parts: ModelParts): Uint8Array {
  const message: OnnxModel = {
    irVersion: 8,
    graph: {
      name: 'test',
      node: parts.nodes,
      initializer: parts.initializers ?? [],
      input: parts.inputs,
      output: parts.outputs,
    },
    opsetImport: [
      { domain: '', version: 16 },
      { domain: ml, version: parts.mlVersion ?? 3 },
    ],
    metadataProps: Object.entries(parts.metadata ?? {}).map(([key, of]) => ({ key, value: of })),
  };
  return encodeModel(message);
}

/** Gives its one input back as the label: what the engine read from the file is what it writes. */
export function echoModel(name: string, type: Elem, dims: (number | string)[] = ['N', 1]): Uint8Array {
  return model({
    inputs: [value(name, type, dims)],
    outputs: [value('echo', type, dims)],
    nodes: [node('Identity', [name], ['echo'])],
  });
}

/** Softmax over `weights[class] * x`; labels may be any texts or whole numbers. */
export function linearClassifier(
  labels: readonly string[] | readonly number[],
  weights: number[],
  zipMap = false,
): Uint8Array {
  const texts = labels.every((label) => typeof label === 'string');
  const of: AttributeValue = texts ? labels : { ints: labels.map(Number) };
  const list = texts ? { classlabels_strings: of } : { classlabels_ints: of };
  const classify = node(
    'LinearClassifier',
    ['x'],
    ['label', 'probabilities'],
    {
      ...list,
      coefficients: { floats: weights },
      intercepts: { floats: weights.map(() => 0) },
      post_transform: 'SOFTMAX',
    },
    ml,
  );
  const label = value('label', texts ? 'string' : 'int64', ['N']);
  if (!zipMap) {
    return model({
      inputs: [value('x', 'float32')],
      outputs: [label, value('probabilities', 'float32', ['N', labels.length])],
      nodes: [classify],
    });
  }
  const zip = node(
    'ZipMap',
    ['probabilities'],
    ['maps'],
    texts ? { classlabels_strings: of } : { classlabels_int64s: of },
    ml,
  );
  return model({
    inputs: [value('x', 'float32')],
    outputs: [label, { name: 'maps' }],
    nodes: [classify, zip],
  });
}

/** A float32 constant. */
export function floats(name: string, dims: number[], data: number[]): Uint8Array {
  return encodeTensor({ name, dims, dataType: elem.float32, floatData: data });
}

/** Sums the `width` columns of a [N,C] input: a regression. */
export function rowSum(width: number, columns?: readonly string[]): Uint8Array {
  return model({
    inputs: [value('features', 'float32', ['N', width])],
    outputs: [value('sum', 'float32')],
    nodes: [node('MatMul', ['features', 'weights'], ['sum'])],
    initializers: [
      floats(
        'weights',
        [width, 1],
        Array.from({ length: width }, (_, i) => 10 ** i),
      ),
    ],
    ...(columns === undefined ? {} : { metadata: { columns: JSON.stringify(columns) } }),
  });
}

/**
 * Multiplies matrices: minutes of native work at some thousand rows and columns.
 * @param size of the matrices; default the largest `x`: no work for 0
 */
export function hardWork(size?: number): Uint8Array {
  const products = Array.from({ length: 200 }, (_, at) =>
    node('MatMul', [at === 0 ? 'square' : `product${at - 1}`, 'square'], [`product${at}`]),
  );
  const shapeOfRows = [
    node('Cast', ['x'], ['whole'], { to: elem.int64 }),
    node('ReduceMax', ['whole'], ['most'], { keepdims: 0 }),
    node('Constant', [], ['one'], { value_ints: { ints: [1] } }),
    node('Add', ['most', 'one'], ['size']),
    node('Concat', ['size', 'size'], ['shape'], { axis: 0 }),
  ];
  const shape =
    size === undefined
      ? shapeOfRows
      : [node('Constant', [], ['shape'], { value_ints: { ints: [size, size] } })];
  return model({
    inputs: [value('x', 'float32')],
    outputs: [value('y', 'float32')],
    nodes: [
      ...shape,
      node('ConstantOfShape', ['shape'], ['square']),
      ...products,
      node('ReduceMax', ['product199'], ['largest'], { keepdims: 0 }),
      node('Add', ['x', 'largest'], ['y']),
    ],
  });
}
