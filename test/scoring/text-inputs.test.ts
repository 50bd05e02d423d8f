/** Text inputs after the graph's rewriting: the same results as with plain texts, whatever the number of values. */
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { echoModel, floats, ml, model, node, value } from './onnx-fixtures.ts';
import { score, scoreOnce, withEngine } from './score-text.ts';

/** Weighs the categories of two texts, one of which also feeds another operator. */
function oneHotModel(rank: 1 | 2): Uint8Array {
  const dims = rank === 1 ? ['N'] : ['N', 1];
  const shape = { shape: { ints: [-1, 3] } };
  return model({
    inputs: [value('colour', 'string', dims), value('size', 'string', ['N', 1])],
    outputs: [value('sum', 'float32', ['N', 1])],
    nodes: [
      node('OneHotEncoder', ['colour'], ['a'], { cats_strings: ['red', 'green', 'blue'], zeros: 1 }, ml),
      node('OneHotEncoder', ['size'], ['b'], { cats_strings: ['S', 'M', 'L'], zeros: 1 }, ml),
      node(
        'LabelEncoder',
        ['size'],
        ['c'],
        { keys_strings: ['S', 'M'], values_int64s: { ints: [1000, 2000] }, default_int64: 9000 },
        ml,
      ),
      node('ReduceMax', ['a'], ['a2'], { axes: { ints: rank === 1 ? [1] : [2] }, keepdims: 0 }),
      node('Constant', [], ['three'], { value_ints: shape.shape }),
      node('Reshape', ['a', 'three'], ['ar']),
      node('Reshape', ['b', 'three'], ['br']),
      node('MatMul', ['ar', 'wa'], ['as']),
      node('MatMul', ['br', 'wb'], ['bs']),
      node('Cast', ['c'], ['cs'], { to: 1 }),
      node('Sum', ['as', 'bs', 'cs'], ['sum']),
    ],
    initializers: [floats('wa', [3, 1], [1, 2, 3]), floats('wb', [3, 1], [10, 20, 30])],
  });
}

describe.each([1, 2] as const)('encoders behind an input of rank %i', (rank) => {
  test('give what the model gives by itself', async () => {
    const bytes = oneHotModel(rank);
    const colours = ['red', 'blue', 'mauve', 'green', 'red', ''];
    const sizes = ['M', 'L', 'S', 'XXL', 'M', 'S'];
    const session = await ort.InferenceSession.create(bytes);
    const outputs = await session.run({
      colour: new ort.Tensor('string', colours, rank === 1 ? [6] : [6, 1]),
      size: new ort.Tensor('string', sizes, [6, 1]),
    });
    await session.release();
    const { text } = await scoreOnce(
      bytes,
      `size,colour\n${sizes.map((size, i) => `${size},${colours[i]}`).join('\n')}\n`,
    );
    const scores = text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => Number(line.split(',')[2]));
    const sums = outputs['sum']?.data as Float32Array;
    expect(scores).toEqual([...sums]);
    expect(scores).toEqual([2021, 9033, 1010, 9002, 2021, 1010]);
  });
});

const encoded = (input: string, output: string) =>
  node('OneHotEncoder', [input], [output], { cats_strings: ['r', 'g', 'b'], zeros: 1 }, ml);
const rowOf = (name: string, from: string) => node('Reshape', [from, 'row'], [name]);
const three = node('Constant', [], ['row'], { value_ints: { ints: [-1, 1] } });

/** What only one product has use for may be multiplied before rows are made of it; these are not like that. */
test.each([
  [
    'beside another user',
    [
      node('MatMul', ['h', 'w'], ['p']),
      node('ReduceMax', ['h'], ['m'], { axes: { ints: [2] }, keepdims: 1 }),
      node('Add', ['p', 'm'], ['s']),
    ],
    [2, 4, 0, 3],
  ],
  [
    'by what differs from row to row',
    [
      encoded('b', 'k'),
      node('Transpose', ['k'], ['t'], { perm: { ints: [0, 2, 1] } }),
      node('MatMul', ['h', 't'], ['s']),
    ],
    [1, 0, 0, 1],
  ],
] as const)('a product of encoded texts %s', async (_, nodes, expected) => {
  const bytes = model({
    inputs: [value('a', 'string'), value('b', 'string')],
    outputs: [value('sum', 'float32', ['N', 1])],
    nodes: [encoded('a', 'h'), ...nodes, three, rowOf('sum', 's')],
    initializers: [floats('w', [3, 1], [1, 2, 3])],
  });
  const { text } = await scoreOnce(bytes, 'a,b\nr,r\nb,g\nx,b\ng,g\n');
  expect(
    text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => Number(line.split(',')[2])),
  ).toEqual(expected);
});

test('known values are told', async () => {
  await withEngine(oneHotModel(2), async (engine) => {
    expect(engine.info.inputs.map((input) => input.knownValues)).toEqual([
      ['red', 'green', 'blue'],
      ['S', 'M', 'L'],
    ]);
  });
});

describe('columns', () => {
  /** The label is the cell: any mix-up of indices shows. */
  async function echoes(values: string[], blockBytes: number): Promise<void> {
    await withEngine(echoModel('s', 'string'), async (engine) => {
      for (let run = 0; run < 2; run++) {
        const { text } = await score(engine, `s,t\n${values.map((v) => `${v},1`).join('\n')}\n`, {
          limits: { blockBytes },
        });
        const lines = text.trimEnd().split('\n').slice(1);
        expect(lines).toHaveLength(values.length);
        const wrong = lines.findIndex((line, i) => line !== `${values[i]},1,${values[i]}`);
        expect(wrong).toBe(-1);
      }
    });
  }

  test('of distinct values only', async () => {
    await echoes(
      Array.from({ length: 30_000 }, (_, i) => `value ${i * 7919}`),
      400_000,
    );
  });

  test('of few values, then of distinct ones, then of few again', async () => {
    const few = (i: number): string => `kind ${i % 7}`;
    const values = Array.from({ length: 60_000 }, (_, i) => (i % 20_000 < 10_000 ? few(i) : `value ${i}`));
    await echoes(values, 100_000);
  });
});

test('a text input of several columns', async () => {
  const bytes = model({
    inputs: [value('words', 'string', ['N', 2])],
    outputs: [value('second', 'string', ['N', 1])],
    nodes: [
      node('Gather', ['words', 'one'], ['second'], { axis: 1 }),
      node('Constant', [], ['one'], { value_ints: { ints: [1] } }),
    ].toReversed(),
  });
  const { text } = await scoreOnce(bytes, 'a,b\nx,y\nx,z\n');
  expect(text).toBe('a,b,Scored Labels\nx,y,y\nx,z,z\n');
});

test('a constant text', async () => {
  const { text } = await scoreOnce(echoModel('s', 'string'), 't\n1\n2\n', {
    constants: { s: 'all the same' },
  });
  expect(text).toBe('t,Scored Labels\n1,all the same\n2,all the same\n');
});
