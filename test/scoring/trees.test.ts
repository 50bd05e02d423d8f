/** Random forests and boosted trees, walked by us and by the runtime: the same labels, the same numbers. */
import * as fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { createBatchReader } from '../../shared/scoring/batch-reader.ts';
import { prepareGraph, type Preparation } from '../../shared/scoring/prepare-graph.ts';
import { encodeAttribute, type OnnxNode, type OnnxValue } from '../../shared/scoring/onnx-schema.ts';
import { sessionOptions } from '../../shared/scoring/session-options.ts';
import { flatAttribute } from '../../shared/scoring/trees/flat-attribute.ts';
import { elem, ml, model, node, value, type Elem } from './onnx-fixtures.ts';
import { scoreOnce } from './score-text.ts';
import { features, forest, treeNode, type Forest, type TestTree } from './tree-fixtures.ts';

const seed = Number(process.env['MILLPOND_TREES_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
process.stdout.write(`trees: seed ${seed} (MILLPOND_TREES_SEED=${seed} repeats it)\n`);

/** Few, so that rows meet thresholds; the least float above 0, and what is not a number among them. */
const cells = [-2, -1, -0, 0, 1e-45, 0.5, 1, 3e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const cell = fc.constantFrom(...cells, Number.NaN);
const threshold = fc.constantFrom(...cells);

/** Multiples of 1/16: sums are exact, so that no label hangs on the order in which they are made. */
const weight = (least: number) => fc.integer({ min: least, max: 32 }).map((n) => n / 16);

function trees(columns: number, least: number): fc.Arbitrary<TestTree> {
  const leaf = fc
    .array(weight(least), { minLength: columns, maxLength: columns })
    .map((weights): TestTree => ({ weights }));
  const { tree } = fc.letrec<{ tree: TestTree }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'large', maxDepth: 24, withCrossShrink: true },
      leaf,
      fc.record({
        feature: fc.nat({ max: features - 1 }),
        threshold,
        mode: fc.constantFrom('BRANCH_LEQ' as const, 'BRANCH_LT' as const),
        nanIsTrue: fc.boolean(),
        ifTrue: tie('tree'),
        ifFalse: tie('tree'),
      }),
    ),
  }));
  return tree;
}

type Kind = Pick<Forest, 'kind' | 'labels' | 'post' | 'aggregate'> & {
  columns: number;
  least: number;
  bases: number[];
};
const three = ['a', 'b,c', 'd'];
const kinds: Record<string, Kind> = {
  'shares of two classes': {
    kind: 'classifier',
    labels: ['no', 'yes'],
    columns: 1,
    least: 0,
    bases: [],
    post: 'NONE',
  },
  'shares with a base': {
    kind: 'classifier',
    labels: ['no', 'yes'],
    columns: 1,
    least: 0,
    bases: [0.25],
    post: 'NONE',
  },
  'logits of two classes': {
    kind: 'classifier',
    labels: [4, 7],
    columns: 1,
    least: -32,
    bases: [],
    post: 'LOGISTIC',
  },
  'logits with a base': {
    kind: 'classifier',
    labels: ['no', 'yes'],
    columns: 1,
    least: -32,
    bases: [-0.5],
    post: 'LOGISTIC',
  },
  'three classes': { kind: 'classifier', labels: three, columns: 3, least: 0, bases: [], post: 'NONE' },
  'three classes, softmax': {
    kind: 'classifier',
    labels: three,
    columns: 3,
    least: -32,
    bases: [0.5, -1, 0],
    post: 'SOFTMAX',
  },
  'three classes, logistic': {
    kind: 'classifier',
    labels: [1, 2, 9],
    columns: 3,
    least: -32,
    bases: [],
    post: 'LOGISTIC',
  },
  'a sum': { kind: 'regressor', columns: 1, least: -32, bases: [0.5], post: 'NONE', aggregate: 'SUM' },
  'an average': { kind: 'regressor', columns: 1, least: -32, bases: [], post: 'NONE', aggregate: 'AVERAGE' },
};

/** One weight at least is negative where any may be: the runtime takes a sum of others for a share. */
const one = (columns: number, least: number): TestTree => ({
  weights: Array.from({ length: columns }, () => Math.sign(least) / 16),
});

/** `ownColumn`: each tree adds to one column only, in turn. */
function forests({ columns, least, bases, ...kind }: Kind): fc.Arbitrary<Forest> {
  return fc
    .record({
      trees: fc.array(trees(columns, least), { minLength: columns, maxLength: 7 }),
      ownColumn: fc.boolean(),
      shuffle: fc.boolean(),
      missing: fc.boolean(),
    })
    .map((made) => ({ ...kind, ...made, columns, bases, trees: [...made.trees, one(columns, least)] }));
}

const rows = fc.array(fc.array(cell, { minLength: features, maxLength: features }), {
  minLength: 1,
  maxLength: 300,
});

type Scores = { labels: unknown[]; numbers: number[] };

async function score(model: Uint8Array, batches: number[][][], preparation: Preparation): Promise<Scores> {
  const { bytes, plan } = prepareGraph(model, preparation);
  expect(plan.trees === undefined).toBe(preparation === 'plain');
  const session = await ort.InferenceSession.create(bytes, sessionOptions);
  const reader = createBatchReader(plan, 300);
  const scores: Scores = { labels: [], numbers: [] };
  for (const batch of batches) {
    const x = new ort.Tensor('float32', Float32Array.from(batch.flat()), [batch.length, features]);
    const { label, probabilities, perRow } = reader.read(
      await session.run({ x }, reader.fetches(batch.length)),
      batch.length,
    );
    for (let row = 0; row < batch.length; row += 1) {
      if (label.kind === 'numbers') scores.numbers.push(label.values[row] ?? Number.NaN);
      else if (label.kind === 'index')
        scores.labels.push(
          plan.read.label.kind === 'index' ? plan.read.label.labels[label.indices[row] ?? -1] : undefined,
        );
      else if (label.kind === 'ints64') scores.labels.push(String(label.values[row]));
      else throw new Error(`a label of the kind ${label.kind}`);
      if (plan.read.layout === 'binary')
        scores.numbers.push(probabilities[(row + 1) * perRow - 1] ?? Number.NaN);
      if (plan.read.layout === 'multiclass')
        scores.numbers.push(...probabilities.slice(row * perRow, (row + 1) * perRow));
    }
  }
  await session.release();
  return scores;
}

describe.each(Object.entries(kinds))('%s', (_, kind) => {
  test('as the runtime scores it', async () => {
    await fc.assert(
      fc.asyncProperty(forests(kind), rows, rows, async (made, first, second) => {
        const model = forest(made);
        const ours = await score(model, [first, second], 'fast');
        const theirs = await score(model, [first, second], 'plain');
        expect(ours.labels).toEqual(theirs.labels);
        expect(ours.numbers.length).toBe(theirs.numbers.length);
        for (const [i, number] of ours.numbers.entries()) {
          expect(Math.abs(number - (theirs.numbers[i] ?? Number.NaN))).toBeLessThan(1e-6);
        }
      }),
      { seed, numRuns: 60 },
    );
  });
});

const leaf = (weight: number): TestTree => ({ weights: [weight] });
const plain: Forest = {
  kind: 'classifier',
  labels: ['no', 'yes'],
  trees: [leaf(0.25), leaf(0.5)],
  columns: 1,
  ownColumn: false,
  shuffle: false,
  missing: false,
  bases: [],
  post: 'NONE',
};
const sum: Forest = { ...plain, kind: 'regressor', labels: [], aggregate: 'SUM' };

test('a tree that is one long chain: rows arrive at every step of it', async () => {
  let chain = leaf(0);
  for (let step = 1; step <= 61; step += 1) {
    chain = {
      feature: 0,
      threshold: step,
      mode: 'BRANCH_LEQ',
      nanIsTrue: false,
      ifTrue: chain,
      ifFalse: leaf(step),
    };
  }
  const model = forest({ ...sum, trees: [chain] });
  const batch = Array.from({ length: 131 }, (_, i) => [((i * 37) % 131) / 2, 0, 0]);
  const { numbers } = await score(model, [batch], 'fast');
  expect(numbers).toEqual(
    batch.map(([x = 0]) => (x > 61 ? 61 : Math.ceil(x) - 1)).map((n) => Math.max(0, n)),
  );
});

const branch = (mode: string): TestTree => ({
  feature: 0,
  threshold: 0.5,
  mode,
  nanIsTrue: false,
  ifTrue: leaf(0.25),
  ifFalse: leaf(0.75),
});

/** `treeNode` of a graph with something else around it. */
function inGraph(
  before: OnnxNode[],
  input: OnnxValue,
  after: OnnxNode[] = [],
  outputs?: OnnxValue[],
): Uint8Array {
  return model({
    inputs: [input],
    outputs: outputs ?? [value('label', 'string', ['N']), value('probabilities', 'float32', ['N', 2])],
    nodes: [...before, treeNode({ ...plain, trees: [branch('BRANCH_LEQ')] }), ...after],
  });
}

const raw = value('raw', 'float64', ['N', features]);
const castTo = (type: Elem) => node('Cast', ['raw'], ['x'], { to: elem[type] });

test.each<[string, Uint8Array]>([
  ['another comparison', forest({ ...plain, trees: [branch('BRANCH_GT')] })],
  ['another aggregate', forest({ ...sum, aggregate: 'MIN' })],
  ['another transformation', forest({ ...plain, post: 'PROBIT' })],
  ['shares through the logistic function', forest({ ...plain, post: 'LOGISTIC' })],
  ['negative shares', forest({ ...plain, trees: [leaf(-0.25)] })],
  ['two sums for two classes', forest({ ...plain, columns: 2, trees: [{ weights: [0.25, 0.75] }] })],
  ['two bases for one sum', forest({ ...plain, bases: [0.25, 0.5] })],
  [
    'a class without a tree',
    forest({
      ...plain,
      labels: ['a', 'b', 'c'],
      columns: 3,
      ownColumn: true,
      trees: [{ weights: [1, 1, 1] }, { weights: [1, 1, 1] }],
    }),
  ],
  ['an attribute of another version', forest(plain, { nodes_values_as_tensor: { floats: [1] } })],
  ['numbers of 64 bits', inGraph([node('Identity', ['raw'], ['x'])], raw)],
  [
    'an operator whose type is not known',
    inGraph([node('Exp', ['raw'], ['x'])], value('raw', 'float32', ['N', features])),
  ],
  [
    'shares that are changed after',
    inGraph(
      [castTo('float32')],
      raw,
      [node('Neg', ['probabilities'], ['p'])],
      [value('label', 'string', ['N']), value('p', 'float32', ['N', 2])],
    ),
  ],
  ['graphs inside', inGraph([castTo('float32'), node('If', ['c'], ['d'])], raw)],
])('left to the runtime: %s', (_, bytes) => {
  expect(prepareGraph(bytes).plan.trees).toBeUndefined();
});

test.each<[string, Uint8Array]>([
  ['an input', inGraph([node('Identity', ['raw'], ['x'])], value('raw', 'float32', ['N', features]))],
  ['what was cast', inGraph([castTo('float32')], raw)],
  [
    'labels and shares that are handed on',
    inGraph(
      [castTo('float32')],
      raw,
      [node('Identity', ['label'], ['l']), node('Identity', ['probabilities'], ['p'])],
      [value('l', 'string', ['N']), value('p', 'float32', ['N', 2])],
    ),
  ],
  [
    'what a scaler gives',
    inGraph(
      [node('Scaler', ['raw'], ['x'], { offset: { floats: [0, 0, 0] }, scale: { floats: [1, 1, 1] } }, ml)],
      raw,
    ),
  ],
])('walked by us: %s', async (_, bytes) => {
  const { plan } = prepareGraph(bytes);
  expect(plan.trees?.outcome.kind).toBe('share');
  const { text } = await scoreOnce(bytes, 'raw_1,raw_2,raw_3\n0.5,9,9\n0.75,9,9\n');
  expect(text.split('\n').slice(1, 3)).toEqual(['0.5,9,9,no,0.25', '0.75,9,9,yes,0.75']);
});

const floatRaw = value('raw', 'float32', ['N', features]);
test.each<[string, Uint8Array]>([
  ['rows twice', inGraph([node('Concat', ['raw', 'raw'], ['x'], { axis: 0 })], floatRaw)],
  [
    'fewer numbers than the trees look at',
    inGraph(
      [
        node('Gather', ['raw', 'first'], ['x'], { axis: 1 }),
        node('Constant', [], ['first'], { value_ints: { ints: [] } }),
      ].toReversed(),
      floatRaw,
    ),
  ],
])('a graph that makes %s is refused with their shape', async (_, bytes) => {
  expect(prepareGraph(bytes).plan.trees).toBeDefined();
  await expect(scoreOnce(bytes, 'raw_1,raw_2,raw_3\n0.5,9,9\n')).rejects.toThrow(/has the shape \[/);
});

test('lists are read packed and one by one', () => {
  const floats = Buffer.alloc(8);
  floats.writeFloatLE(0.5, 0);
  floats.writeFloatLE(-2, 4);
  const one = encodeAttribute({ name: 'n', floats: [0.5, -2], ints: [3, -1, 300], type: 7 });
  // Fields 7 (floats) and 8 (ints), wire type 2: length, then the numbers; -1 takes ten bytes.
  const minusOne = [...Buffer.alloc(9, 0xff), 1];
  const packed = Buffer.from([0x3a, 8, ...floats, 0x42, 13, 3, ...minusOne, 0xac, 2]);
  for (const bytes of [one, packed]) {
    const read = flatAttribute(bytes);
    expect([...read.floats]).toEqual([0.5, -2]);
    expect([...read.ints]).toEqual([3, -1, 300]);
  }
});

const two = { ...plain, trees: [branch('BRANCH_LEQ')] };
const ofThree = { ...plain, labels: ['a', 'b', 'c'], columns: 3, trees: [{ weights: [1, 2, 3] }] };

/** Lists of the two leaves and the branch above them, or of one leaf with three weights. */
test.each<[string, Forest, Parameters<typeof forest>[1]]>([
  ['a feature before the first', two, { nodes_featureids: { ints: [-1, 0, 0] } }],
  ['both ways to one node', two, { nodes_falsenodeids: { ints: [1, 0, 0] } }],
  ['a way back', two, { nodes_falsenodeids: { ints: [0, 0, 0] } }],
  ['a way to nowhere', two, { nodes_falsenodeids: { ints: [3, 0, 0] } }],
  ['a list that is short', two, { nodes_values: { floats: [0.5] } }],
  [
    'a node twice',
    plain,
    {
      nodes_treeids: { ints: [0, 0] },
      class_treeids: { ints: [0] },
      class_nodeids: { ints: [0] },
      class_ids: { ints: [0] },
      class_weights: { floats: [0.25] },
    },
  ],
  [
    'a tree in two pieces',
    { ...plain, trees: [leaf(0.25), leaf(0.5), leaf(0.25)] },
    {
      nodes_treeids: { ints: [0, 1, 0] },
      nodes_nodeids: { ints: [0, 0, 1] },
      class_treeids: { ints: [1, 0] },
      class_nodeids: { ints: [0, 1] },
      class_ids: { ints: [0, 0] },
      class_weights: { floats: [0.5, 0.25] },
    },
  ],
  [
    'a weight twice',
    ofThree,
    {
      class_treeids: { ints: [0, 0, 0, 0] },
      class_nodeids: { ints: [0, 0, 0, 0] },
      class_ids: { ints: [0, 1, 2, 2] },
      class_weights: { floats: [1, 2, 3, 4] },
    },
  ],
  ['a weight of no class', ofThree, { class_ids: { ints: [0, 1, 3] } }],
  ['a weight of no leaf', two, { class_nodeids: { ints: [0, 2] } }],
  ['a weight of no tree', two, { class_treeids: { ints: [0, 1] } }],
  [
    'a weight missing beside negative ones',
    { ...ofThree, trees: [{ weights: [-1, -2, -3] }, ...ofThree.trees] },
    {
      class_treeids: { ints: [0, 0, 1, 1, 1] },
      class_nodeids: { ints: [0, 0, 0, 0, 0] },
      class_ids: { ints: [0, 2, 0, 1, 2] },
      class_weights: { floats: [-1, -3, 1, 2, 3] },
    },
  ],
])('no tree that is walked by us: %s', (_, made, lists) => {
  expect(prepareGraph(forest(made)).plan.trees).toBeDefined();
  expect(prepareGraph(forest(made, lists)).plan.trees).toBeUndefined();
});
