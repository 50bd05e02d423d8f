/** The columns that scoring appends, for each kind of model. */
import { describe, expect, test } from 'vitest';
import { echoModel, linearClassifier, ml, model, node, value } from './onnx-fixtures.ts';
import { score, scoreOnce, withEngine } from './score-text.ts';

const sigmoid = (x: number): string => (1 / (1 + Math.exp(-x))).toFixed(6);
const rounded = (text: string): string => text.replace(/0\.\d{7,}/g, (number) => Number(number).toFixed(6));

describe('two classes', () => {
  const expected = `x,Scored Labels,Scored Probabilities\n1,yes,${sigmoid(2)}\n-1,no,${sigmoid(-2)}\n`;

  test.each([
    ['with a tensor of probabilities', false],
    ['with ZipMap', true],
  ])('%s', async (_, zipMap) => {
    await withEngine(linearClassifier(['no', 'yes'], [0, 2], zipMap), async (engine) => {
      expect(engine.info.task).toEqual({ kind: 'binary', labels: ['no', 'yes'] });
      expect(engine.info.columns).toEqual([
        { name: 'Scored Labels', type: 'string' },
        { name: 'Scored Probabilities', type: 'float64' },
      ]);
      expect(rounded((await score(engine, 'x\n1\n-1\n')).text)).toBe(expected);
    });
  });

  test("the label is the model's own, not the likelier class", async () => {
    // A label of its own mind: class 1 from 0.9 on.
    const bytes = model({
      inputs: [value('p', 'float32', ['N', 1])],
      outputs: [value('label', 'int64', ['N', 1]), value('probabilities', 'float32', ['N', 2])],
      nodes: [
        node('Binarizer', ['p'], ['strict'], {}, ml),
        node('Cast', ['strict'], ['label'], { to: 7 }),
        node('Concat', ['p', 'p'], ['probabilities'], { axis: 1 }),
      ],
    });
    expect((await scoreOnce(bytes, 'p\n0.25\n-3\n')).text).toBe(
      'p,Scored Labels,Scored Probabilities\n0.25,1,0.25\n-3,0,-3\n',
    );
  });

  test('labels of numbers', async () => {
    const { text } = await scoreOnce(linearClassifier([0, 1], [0, 2], true), 'x\n1\n');
    expect(rounded(text)).toBe(`x,Scored Labels,Scored Probabilities\n1,1,${sigmoid(2)}\n`);
  });

  test('labels that need quotes', async () => {
    const bytes = linearClassifier(['a,b', 'say "x"'], [0, 2]);
    const { text } = await scoreOnce(bytes, 'x\n1\n-1\n');
    expect(rounded(text)).toBe(
      `x,Scored Labels,Scored Probabilities\n1,"say ""x""",${sigmoid(2)}\n-1,"a,b",${sigmoid(-2)}\n`,
    );
  });
});

test.each([1, 2, 3])('several classes, operators of version %i', async (mlVersion) => {
  const labels = ['red', 'green,ish', 'blue'];
  const bytes = model({
    inputs: [value('x', 'float32')],
    outputs: [value('label', 'string', ['N']), value('probabilities', 'float32', ['N', 3])],
    nodes: [
      node(
        'LinearClassifier',
        ['x'],
        ['label', 'probabilities'],
        {
          classlabels_strings: labels,
          coefficients: { floats: [0, 1, 2] },
          intercepts: { floats: [0, 0, 0] },
          post_transform: 'SOFTMAX',
        },
        ml,
      ),
    ],
    mlVersion,
  });
  const sum = 1 + Math.E + Math.E ** 2;
  const p = [1, Math.E, Math.E ** 2].map((weight) => (weight / sum).toFixed(6));
  const { text } = await scoreOnce(bytes, 'x\n1\n-1\n0\n');
  expect(rounded(text)).toBe(
    [
      'x,"Scored Probabilities for Class ""red""","Scored Probabilities for Class ""green,ish""","Scored Probabilities for Class ""blue""",Scored Labels',
      `1,${p.join(',')},blue`,
      `-1,${p.toReversed().join(',')},red`,
      '0,0.333333,0.333333,0.333333,red',
      '',
    ].join('\n'),
  );
});

describe('regression', () => {
  test('one column', async () => {
    const { text } = await scoreOnce(echoModel('y', 'float64'), 'y\n1.25\n-300000.5\n');
    expect(text).toBe('y,Scored Labels\n1.25,1.25\n-300000.5,-300000.5\n');
  });

  test('an output and an input without a second dimension', async () => {
    const { text } = await scoreOnce(echoModel('y', 'float32', ['N']), 'y\n1.5\n2\n');
    expect(text).toBe('y,Scored Labels\n1.5,1.5\n2,2\n');
  });
});

test('of several outputs those that are label and probabilities are used', async () => {
  const bytes = model({
    inputs: [value('x', 'float32')],
    outputs: [
      value('decision', 'float32', ['N', 2]),
      value('hidden', 'float32', ['N', 5]),
      value('label', 'string', ['N']),
      value('probabilities', 'float32', ['N', 2]),
    ],
    nodes: [
      node(
        'LinearClassifier',
        ['x'],
        ['label', 'probabilities'],
        {
          classlabels_strings: ['no', 'yes'],
          coefficients: { floats: [0, 2] },
          intercepts: { floats: [0, 0] },
          post_transform: 'SOFTMAX',
        },
        ml,
      ),
      node('Concat', ['x', 'x'], ['decision'], { axis: 1 }),
      node('Concat', ['x', 'x', 'x', 'x', 'x'], ['hidden'], { axis: 1 }),
    ],
  });
  const { text } = await scoreOnce(bytes, 'x\n1\n');
  expect(rounded(text)).toBe(`x,Scored Labels,Scored Probabilities\n1,yes,${sigmoid(2)}\n`);
});

describe('labels as the model gives them, no list of classes in sight', () => {
  /** Its label is its own input, its probabilities are another, twice. */
  const free = (type: 'string' | 'int64' | 'int32' | 'bool'): Uint8Array =>
    model({
      inputs: [value('s', type === 'int32' ? 'int64' : type), value('p', 'float32')],
      outputs: [value('label', type), value('probabilities', 'float32', ['N', 2])],
      nodes: [
        type === 'int32' ? node('Cast', ['s'], ['label'], { to: 6 }) : node('Identity', ['s'], ['label']),
        node('Concat', ['p', 'p'], ['probabilities'], { axis: 1 }),
      ],
    });
  const header = 'p,Scored Labels,Scored Probabilities';

  test('texts far longer than their rows', async () => {
    // The rows take a byte or two, what is appended takes hundreds: output must grow in the middle of rows.
    const label = 'ä"'.repeat(150);
    const rows = Array.from({ length: 500 }, (_, i) => (i / 1000 + 1e-7).toFixed(9));
    const { text } = await scoreOnce(free('string'), `p\n${rows.join('\n')}\n`, { constants: { s: label } });
    const quoted = `"${label.replaceAll('"', '""')}"`;
    const lines = text.trimEnd().split('\n');
    expect(lines.shift()).toBe(header);
    expect(lines.map((line) => line.split(',')[1])).toEqual(rows.map(() => quoted));
    expect(lines.map((line) => Number(line.split(',')[2]).toFixed(6))).toEqual(
      rows.map((row) => Number(row).toFixed(6)),
    );
  });

  test.each([
    ['int64', ['0', '-1', '12', '2147483647', '-2147483648', '2147483648', '-9223372036854775808']],
    ['int32', ['0', '-1', '1234567891', '2147483647', '-2147483648']],
    ['bool', ['true', 'false']],
  ] as const)('%s', async (type, labels) => {
    const input = `s,p\n${labels.map((label) => `${label},0.5`).join('\n')}\n`;
    const { text } = await scoreOnce(free(type), input);
    expect(text).toBe(`s,${header}\n${labels.map((label) => `${label},0.5,${label},0.5`).join('\n')}\n`);
  });
});
