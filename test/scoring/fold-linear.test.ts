/** Linear models of text and number columns: with the weights moved to the encoders they score as they did before. */
import * as fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { createBatchReader } from '../../shared/scoring/batch-reader.ts';
import {
  decodeModel,
  encodeModel,
  encodeTensor,
  type OnnxModel,
  type OnnxNode,
  type OnnxValue,
} from '../../shared/scoring/onnx-schema.ts';
import { prepareGraph, type Preparation } from '../../shared/scoring/prepare-graph.ts';
import { sessionOptions } from '../../shared/scoring/session-options.ts';
import { ml, model, node, value } from './onnx-fixtures.ts';

const seed = Number(process.env['MILLPOND_LINEAR_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
process.stdout.write(`fold-linear: seed ${seed} (MILLPOND_LINEAR_SEED=${seed} repeats it)\n`);

/** A column of a file: `categories` 0 for a number. `scaled`: a number that passes a Scaler. */
type Column = { categories: number; scaled: boolean };
type Linear = {
  columns: Column[];
  kind: 'classifier' | 'regressor';
  sums: number;
  post: string;
  /** One-hot rows are put together first, or stand where their columns do. */
  order: 'encoded first' | 'as columns';
  weights: number[];
  rows: number[][];
};

const column = fc.record({ categories: fc.constantFrom(0, 0, 2, 3, 4, 9), scaled: fc.boolean() });
const linear: fc.Arbitrary<Linear> = fc.record({
  columns: fc.array(column, { minLength: 1, maxLength: 6 }),
  kind: fc.constantFrom('classifier', 'regressor'),
  sums: fc.integer({ min: 1, max: 4 }),
  post: fc.constantFrom('NONE', 'LOGISTIC', 'SOFTMAX'),
  order: fc.constantFrom('encoded first', 'as columns'),
  weights: fc.array(
    fc.integer({ min: -64, max: 64 }).map((n) => n / 32),
    { minLength: 300, maxLength: 300 },
  ),
  // A text of each row is the category of that number, or one that is not known.
  rows: fc.array(fc.array(fc.nat({ max: 9 }), { minLength: 6, maxLength: 6 }), {
    minLength: 1,
    maxLength: 20,
  }),
});

const shapeOf = (name: string, width: number): Uint8Array =>
  encodeTensor({ name, dims: [2], dataType: 7, int64Data: [-1, width] });

type Parts = {
  nodes: OnnxNode[];
  initializers: Uint8Array[];
  pieces: { name: string; width: number; texts: boolean }[];
};

/** Each column as [N, width]: one-hot rows come as [N, 1, width]. */
function columnParts(columns: Column[], flatten: boolean): Parts {
  const parts: Parts = { nodes: [], initializers: [], pieces: [] };
  for (const [i, { categories, scaled }] of columns.entries()) {
    const input = `c${i}`;
    if (categories === 0) {
      const name = scaled ? `${input}s` : input;
      if (scaled)
        parts.nodes.push(
          node('Scaler', [input], [name], { offset: { floats: [1] }, scale: { floats: [0.5] } }, ml),
        );
      parts.pieces.push({ name, width: 1, texts: false });
      continue;
    }
    const cats = Array.from({ length: categories }, (_, k) => `t${k}`);
    parts.nodes.push(node('OneHotEncoder', [input], [`${input}h`], { cats_strings: cats, zeros: 1 }, ml));
    if (flatten) {
      parts.nodes.push(node('Reshape', [`${input}h`, `${input}w`], [`${input}f`]));
      parts.initializers.push(shapeOf(`${input}w`, categories));
    }
    parts.pieces.push({ name: flatten ? `${input}f` : `${input}h`, width: categories, texts: true });
  }
  return parts;
}

function linearModel(
  { columns, kind, sums, post, order, weights }: Linear,
  extra: OnnxNode[] = [],
): Uint8Array {
  const parts = columnParts(columns, order === 'as columns');
  const texts = parts.pieces.filter((piece) => piece.texts);
  const numbers = parts.pieces.filter((piece) => !piece.texts);
  const concat = (names: string[], output: string, axis: number) => node('Concat', names, [output], { axis });
  const { nodes, initializers } = parts;
  const width = parts.pieces.reduce((sum, piece) => sum + piece.width, 0);
  const whole: string[] = [];
  if (order === 'as columns') whole.push(...parts.pieces.map(({ name }) => name));
  else {
    const encoded = texts.reduce((sum, piece) => sum + piece.width, 0);
    if (texts.length > 0) {
      nodes.push(
        concat(
          texts.map(({ name }) => name),
          'texts',
          -1,
        ),
        node('Reshape', ['texts', 'tw'], ['flat']),
      );
      initializers.push(shapeOf('tw', encoded));
      whole.push('flat');
    }
    if (numbers.length > 0) {
      nodes.push(
        concat(
          numbers.map(({ name }) => name),
          'numbers',
          1,
        ),
      );
      whole.push('numbers');
    }
  }
  const isClassifier = kind === 'classifier';
  const labels = Array.from({ length: Math.max(2, sums) }, (_, i) => `l${i}`);
  nodes.push(
    concat(whole, 'features', 1),
    node(
      isClassifier ? 'LinearClassifier' : 'LinearRegressor',
      ['features'],
      isClassifier ? ['label', 'probabilities'] : ['number'],
      {
        coefficients: { floats: weights.slice(0, width * sums) },
        intercepts: { floats: weights.slice(-sums) },
        post_transform: isClassifier ? post : 'NONE',
        ...(isClassifier ? { classlabels_strings: labels } : { targets: sums }),
      },
      ml,
    ),
    ...extra,
  );
  const inputs = columns.map(({ categories }, i) => value(`c${i}`, categories === 0 ? 'float32' : 'string'));
  const outputs: OnnxValue[] = isClassifier
    ? [value('label', 'string', ['N']), value('probabilities', 'float32', ['N', labels.length])]
    : [value('number', 'float32', ['N', sums])];
  return model({ inputs, outputs, nodes, initializers });
}

const products = (bytes: Uint8Array): number =>
  decodeModel(bytes).graph.node.filter(({ opType }) => opType === 'MatMul').length;

async function score(bytes: Uint8Array, rows: number[][], preparation: Preparation): Promise<number[][]> {
  const prepared = prepareGraph(bytes, preparation);
  const session = await ort.InferenceSession.create(prepared.bytes, sessionOptions);
  const feeds: Record<string, ort.Tensor> = {};
  for (const feed of prepared.plan.feeds) {
    const cells = rows.map((row) => row[Number(feed.name.slice(1))] ?? 0);
    if (feed.kind === 'plain') feeds[feed.name] = new ort.Tensor('float32', cells, [rows.length, 1]);
    else {
      const texts = Array.from({ length: 10 }, (_, i) => `t${i}`);
      feeds[feed.texts] = new ort.Tensor('string', texts, [10]);
      feeds[feed.indices] = new ort.Tensor('int32', cells, [rows.length, 1]);
    }
  }
  const reader = createBatchReader(prepared.plan, rows.length);
  const { label, probabilities, perRow } = reader.read(
    await session.run(feeds, reader.fetches(rows.length)),
    rows.length,
  );
  const scores = rows.map((_, row) => {
    const first =
      label.kind === 'index' ? label.indices[row] : label.kind === 'numbers' ? label.values[row] : undefined;
    return [first ?? Number.NaN, ...probabilities.slice(row * perRow, (row + 1) * perRow)];
  });
  await session.release();
  return scores;
}

test('random models score as without it', async () => {
  let folded = 0;
  await fc.assert(
    fc.asyncProperty(linear, async (drawn) => {
      const of = drawn.kind === 'regressor' ? { ...drawn, sums: 1 } : drawn;
      const bytes = linearModel(of);
      const moved = of.columns.filter(({ categories }) => categories > of.sums).length;
      expect(products(prepareGraph(bytes).bytes)).toBe(moved);
      folded += moved;
      const fast = await score(bytes, of.rows, 'fast');
      const plain = await score(bytes, of.rows, 'plain');
      for (const [row, numbers] of plain.entries()) {
        for (const [i, number] of numbers.entries()) expect(fast[row]?.[i]).toBeCloseTo(number, 5);
      }
    }),
    { seed, numRuns: 150 },
  );
  expect(folded).toBeGreaterThan(50);
});

const plain: Linear = {
  columns: [
    { categories: 9, scaled: false },
    { categories: 0, scaled: true },
    { categories: 4, scaled: false },
  ],
  kind: 'classifier',
  sums: 2,
  post: 'SOFTMAX',
  order: 'as columns',
  weights: Array.from({ length: 300 }, (_, i) => (i % 17) / 8 - 1),
  rows: [],
};

test('a text is weighed once a batch, not once a row', () => {
  const { graph } = decodeModel(prepareGraph(linearModel(plain)).bytes);
  const weighed = graph.node.filter(({ opType }) => opType === 'MatMul').flatMap(({ output }) => output);
  const gathers = graph.node.filter(({ opType }) => opType === 'Gather');
  expect(gathers.map(({ input }) => input[0])).toEqual(weighed);
});

function changed(change: (graph: OnnxModel['graph']) => void, of = plain): Uint8Array {
  const made = decodeModel(linearModel(of));
  change(made.graph);
  return encodeModel(made);
}

const nines = [0, 1].map(() => ({ categories: 9, scaled: false }));
const twice = changed((graph) => nodeOf(graph, 'Concat').input.splice(0, 1, 'c1f'), {
  ...plain,
  columns: nines,
});

function nodeOf({ node: nodes }: OnnxModel['graph'], opType: string): OnnxNode {
  const found = nodes.find((one) => one.opType === opType);
  if (found === undefined) throw new Error(`no ${opType}`);
  return found;
}

test.each<[string, Uint8Array]>([
  ['features that something else looks at', linearModel(plain, [node('Identity', ['features'], ['spare'])])],
  ['a one-hot row that something else looks at', linearModel(plain, [node('Identity', ['c0h'], ['spare'])])],
  [
    'features that are an output',
    changed(({ output }) => output.push(value('features', 'float32', ['N', 14]))),
  ],
  ['a column that is there twice', twice],
  ['graphs inside', linearModel(plain, [node('If', ['c'], ['d'])])],
  ['a number whose width is not known', changed((graph) => (nodeOf(graph, 'Scaler').opType = 'Exp'))],
  ['a shape that is no constant', changed((graph) => graph.initializer.pop())],
  ['rows of another shape', changed((graph) => graph.initializer.splice(0, 1, shapeOf('c0w', 3)))],
  ['rows put together the other way', changed((graph) => (nodeOf(graph, 'Concat').attribute = []))],
  ['categories that are no texts', changed((graph) => (nodeOf(graph, 'OneHotEncoder').attribute = []))],
  ['weights of another number', changed((graph) => nodeOf(graph, 'Concat').input.pop())],
  [
    'columns with fewer categories than sums',
    linearModel({ ...plain, sums: 9, columns: [{ categories: 9, scaled: false }] }),
  ],
])('left as it is: %s', (_, bytes) => {
  expect(products(prepareGraph(linearModel(plain)).bytes)).toBe(2);
  expect(products(prepareGraph(bytes).bytes)).toBe(0);
});
