/** Shapes of models beyond the usual: probabilities alone, bool and text inputs of several columns. */
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { prepareGraph } from '../../shared/scoring/prepare-graph.ts';
import { floats, ml, model, node, value } from './onnx-fixtures.ts';
import { scoreOnce } from './score-text.ts';

/** Softmax over `weights[class] * x`, and no label. */
function sharesOnly(weights: number[], output = 'probabilities', opType = 'Softmax'): Uint8Array {
  const attributes = opType === 'Softmax' ? { axis: 1 } : {};
  return model({
    inputs: [value('x', 'float32')],
    outputs: [value(output, 'float32', ['N', weights.length])],
    nodes: [node('MatMul', ['x', 'w'], ['logits']), node(opType, ['logits'], [output], attributes)],
    initializers: [floats('w', [1, weights.length], weights)],
  });
}

test.each(['probabilities', 'y'])(
  'probabilities alone, called %s: the label is the likeliest class',
  async (name) => {
    const two = await scoreOnce(sharesOnly([-1, 1], name), 'x\n1\n-1\n');
    const rows = parse<Record<string, string>>(two.text, { columns: true });
    expect(rows.map((row) => row['Scored Labels'])).toEqual(['1', '0']);
    expect(rows.map((row) => Number(row['Scored Probabilities']))).toEqual([
      expect.closeTo(0.880797, 5),
      expect.closeTo(0.119203, 5),
    ]);
    const three = await scoreOnce(sharesOnly([-1, 0, 1], name), 'x\n-2\n');
    expect(three.text.split('\n')[0]).toBe(
      'x,"Scored Probabilities for Class ""0""","Scored Probabilities for Class ""1""","Scored Probabilities for Class ""2""",Scored Labels',
    );
    expect(three.text.split('\n')[1]).toMatch(/^-2,0\.86\d+,0\.11\d+,0\.01\d+,0$/);
  },
);

test('a ZipMap alone gives its labels, quoted where they need it', async () => {
  const zipped = model({
    inputs: [value('x', 'float32')],
    outputs: [{ name: 'maps' }],
    nodes: [
      node('MatMul', ['x', 'w'], ['logits']),
      node('Softmax', ['logits'], ['shares'], { axis: 1 }),
      node('ZipMap', ['shares'], ['maps'], { classlabels_strings: ['a,b', 'c "d"'] }, ml),
    ],
    initializers: [floats('w', [1, 2], [-1, 1])],
  });
  const { text } = await scoreOnce(zipped, 'x\n1\n-1\n');
  expect(parse(text).map((row) => row[1])).toEqual(['Scored Labels', 'c "d"', 'a,b']);
});

test('several numbers that are no probabilities are refused', () => {
  expect(() => prepareGraph(sharesOnly([1, 2], 'y', 'Identity'))).toThrow(/no supported outputs/);
});

test('bool inputs of one and of several columns', async () => {
  const bools = model({
    inputs: [value('flags', 'bool', ['N', 2]), value('ok', 'bool')],
    outputs: [value('sum', 'float32')],
    nodes: [
      node('Cast', ['flags'], ['f'], { to: 1 }),
      node('Cast', ['ok'], ['o'], { to: 1 }),
      node('MatMul', ['f', 'w'], ['fs']),
      node('Add', ['fs', 'o'], ['sum']),
    ],
    initializers: [floats('w', [2, 1], [10, 100])],
    metadata: { columns: JSON.stringify(['a', 'b']) },
  });
  const { text } = await scoreOnce(bools, 'a,ok,b\ntrue,false,0\nFalse,1,TRUE\n');
  expect(text).toBe('a,ok,b,Scored Labels\ntrue,false,0,10\nFalse,1,TRUE,101\n');
});

test('texts of several columns', async () => {
  const texts = model({
    inputs: [value('words', 'string', ['N', 2])],
    outputs: [value('sum', 'float32')],
    nodes: [
      node(
        'LabelEncoder',
        ['words'],
        ['n'],
        { keys_strings: ['one', 'two, 2'], values_floats: { floats: [1, 2] } },
        ml,
      ),
      node('MatMul', ['n', 'w'], ['sum']),
    ],
    initializers: [floats('w', [2, 1], [1, 10])],
    metadata: { columns: JSON.stringify(['a', 'b']) },
  });
  const { text } = await scoreOnce(texts, 'b,a\none,"two, 2"\n');
  expect(text).toBe('b,a,Scored Labels\none,"two, 2",12\n');
});
