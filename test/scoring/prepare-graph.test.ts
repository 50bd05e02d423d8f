/** What preparation does to a graph, and what it leaves alone. */
import { describe, expect, test } from 'vitest';
import { usesExternalData } from '../../shared/scoring/external-data.ts';
import { decodeModel, encodeModel } from '../../shared/scoring/onnx-schema.ts';
import { prepareGraph } from '../../shared/scoring/prepare-graph.ts';
import { createRowWriter } from '../../shared/scoring/write-rows.ts';
import { echoModel, linearClassifier, ml, model, node, value } from './onnx-fixtures.ts';
import { treeNode } from './tree-fixtures.ts';

/** Field 9000, which no schema has. */
const unknownField = Buffer.from([0xc2, 0xb2, 0x04, 3, 1, 2, 3]);

describe('preparation', () => {
  test('keeps fields that nobody here knows, byte for byte', () => {
    const bytes = Buffer.concat([echoModel('x', 'float32'), unknownField]);
    expect(Buffer.from(encodeModel(decodeModel(bytes))).includes(unknownField)).toBe(true);
    expect(Buffer.from(prepareGraph(bytes).bytes).includes(unknownField)).toBe(true);
  });

  test('drops ZipMap and makes its input the output', () => {
    const { bytes } = prepareGraph(linearClassifier(['no', 'yes'], [0, 2], true));
    const { graph } = decodeModel(bytes);
    expect(graph.node.map((n) => n.opType)).toEqual(['LinearClassifier', 'LabelEncoder']);
    expect(graph.output.map((output) => output.name)).toEqual(['label__index', 'probabilities']);
  });

  test('encodes the dictionary instead of the rows where only encoders look at a text', () => {
    const bytes = model({
      inputs: [value('s', 'string')],
      outputs: [value('y', 'float32', ['N', 1])],
      nodes: [
        node('OneHotEncoder', ['s'], ['hot'], { cats_strings: ['a'], zeros: 1 }, ml),
        node('ReduceMax', ['hot'], ['y'], { axes: { ints: [2] }, keepdims: 0 }),
      ],
    });
    const { graph } = decodeModel(prepareGraph(bytes).bytes);
    expect(graph.node.map((n) => [n.opType, ...n.input])).toEqual([
      ['OneHotEncoder', 's__dict'],
      ['Gather', 'hot__dict', 's__idx'],
      ['ReduceMax', 'hot'],
    ]);
  });

  test('does not take names that the graph has', () => {
    const bytes = model({
      inputs: [value('s', 'string'), value('s__dict', 'float32'), value('s__idx', 'float32')],
      outputs: [value('t', 'string')],
      nodes: [node('Identity', ['s'], ['t'])],
    });
    const names = decodeModel(prepareGraph(bytes).bytes).graph.input.map((input) => input.name);
    expect(names).toEqual(['s__dict_', 's__idx_', 's__dict', 's__idx']);
  });

  test('tells labels from the list a model looks them up in', () => {
    const bytes = model({
      inputs: [value('x', 'float32', ['N', 1])],
      outputs: [value('label', 'int64', ['N']), value('probabilities', 'float32', ['N', 'classes'])],
      nodes: [
        node('Concat', ['x', 'x', 'x'], ['probabilities'], { axis: 1 }),
        node('ArgMax', ['probabilities'], ['best'], { axis: 1, keepdims: 0 }),
        node('ArrayFeatureExtractor', ['classes', 'best'], ['found'], {}, ml),
        node('Constant', [], ['flat'], { value_ints: { ints: [-1] } }),
        node('Reshape', ['found', 'flat'], ['label']),
      ],
      initializers: [
        // dims [1,3], data_type int64, name, raw_data of 3, 5, 9.
        Buffer.concat([
          Buffer.from([0x08, 1, 0x08, 3, 0x10, 7, 0x42, 7, ...Buffer.from('classes'), 0x4a, 24]),
          Buffer.from(BigInt64Array.of(3n, 5n, 9n).buffer),
        ]),
      ],
    });
    expect(prepareGraph(bytes).info.task).toEqual({ kind: 'multiclass', labels: ['3', '5', '9'] });
  });
});

/** More than a call can have arguments. */
const many = 200_000;
const number = value('number', 'float32', ['N', 1]);
const wide = node(
  'Concat',
  Array.from({ length: many }, () => 'x'),
  ['wide'],
  { axis: 1 },
);

describe('lists of any length', () => {
  test('inputs of a node before trees that are cut off', () => {
    const trees = treeNode({
      kind: 'regressor',
      trees: [{ weights: [1] }],
      columns: 1,
      ownColumn: false,
      shuffle: false,
      missing: false,
      bases: [],
      post: 'NONE',
    });
    const nodes = [wide, { ...trees, input: ['wide'] }];
    const { plan } = prepareGraph(model({ inputs: [value('x', 'float32')], outputs: [number], nodes }));
    expect(plan.trees).toBeDefined();
  });

  test('numbers beside texts whose weights move', () => {
    const nodes = [
      node('OneHotEncoder', ['s'], ['hot'], { cats_strings: ['a', 'b'], zeros: 1 }, ml),
      wide,
      node('Scaler', ['wide'], ['scaled'], { offset: { floats: [0] }, scale: { floats: [1] } }, ml),
      node('Concat', ['hot', 'scaled'], ['features'], { axis: 1 }),
      node(
        'LinearRegressor',
        ['features'],
        ['number'],
        {
          coefficients: { floats: Array.from({ length: many + 2 }, () => 1) },
          intercepts: { floats: [0] },
        },
        ml,
      ),
    ];
    const inputs = [value('s', 'string'), value('x', 'float32')];
    const { graph } = decodeModel(prepareGraph(model({ inputs, outputs: [number], nodes })).bytes);
    expect(graph.node.map((n) => n.opType)).toContain('MatMul');
  });

  test('labels', () => {
    const labels = Array.from({ length: many }, (_, i) => `label ${String(i).padStart(50)}`);
    const label = { kind: 'index', name: 'label', labels } as const;
    const writer = createRowWriter({ label, layout: 'value', classes: 0 }, 44);
    expect(writer.scoreBytesMax).toBe('label '.length + 50 + 1);
  });
});

test('nested too deeply is no model', () => {
  // A graph in an attribute of a node in a graph, 200 times.
  let graph: Buffer = Buffer.alloc(0);
  const wrap = (tag: number, inner: Buffer): Buffer => {
    const length = Buffer.from([
      (inner.length & 127) | 128,
      ((inner.length >> 7) & 127) | 128,
      inner.length >> 14,
    ]);
    return Buffer.concat([Buffer.from([tag]), length, inner]);
  };
  for (let i = 0; i < 200; i++) graph = wrap(0x0a, wrap(0x2a, wrap(0x32, graph)));
  expect(() => usesExternalData(wrap(0x3a, graph))).toThrow('nested too deeply');
  expect(() => prepareGraph(wrap(0x3a, graph))).toThrow('not an ONNX model');
});
