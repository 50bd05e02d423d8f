/** Which column feeds which input: by name, by a name written a little differently, by order, or a constant. */
import { describe, expect, test } from 'vitest';
import { bindColumns } from '../../shared/scoring/bind-columns.ts';
import type { ModelInput, ValueType } from '../../shared/scoring/model-info.ts';
import type { Constant } from '../../shared/scoring/score-job.ts';
import { rowSum } from './onnx-fixtures.ts';
import { scoreOnce } from './score-text.ts';

const input = (name: string, type: ValueType = 'float32'): ModelInput => ({ name, type, width: 1 });

/** The column of each slot, or the constant. */
function bind(inputs: ModelInput[], columns: string[], constants: Record<string, Constant> = {}): unknown[] {
  return bindColumns(inputs, columns, constants, 'data.csv line 1').map(({ source }) =>
    source.kind === 'column' ? source.column : { value: source.value },
  );
}

describe('names', () => {
  test('reordered columns and extra ones', () => {
    expect(bind([input('a'), input('b')], ['x', 'b', 'y', 'a'])).toEqual([3, 1]);
  });

  test.each(['Education-Num', 'education_num', 'EDUCATION.NUM', ' education num '])(
    '%s fits education-num',
    (name) => {
      expect(bind([input('education-num')], ['other', name])).toEqual([1]);
    },
  );

  test('an exact match is preferred, and not given to another input', () => {
    expect(bind([input('Age'), input('age')], ['age', 'AGE'])).toEqual([1, 0]);
  });

  test('missing columns are all named, with what was probably meant', () => {
    expect(() => bind([input('age'), input('occupation'), input('sex')], ['sex', 'ocupation', 'q'])).toThrow(
      `data.csv line 1: missing columns 'age', 'occupation' (did you mean 'ocupation'?).`,
    );
  });

  test('a column that is there twice', () => {
    expect(() => bind([input('age')], ['age', 'b', 'age'])).toThrow(
      `data.csv line 1: column 'age' is there 2 times.`,
    );
  });

  test('several columns that fit', () => {
    expect(() => bind([input('education-num')], ['education_num', 'Education Num'])).toThrow(
      `data.csv line 1: several columns fit input 'education-num': 'education_num', 'Education Num'.`,
    );
  });
});

describe('constants', () => {
  test('take the place of a column, by the same rules as names', () => {
    const inputs = [input('a'), input('Flag', 'bool'), input('n', 'int64'), input('s', 'string')];
    expect(bind(inputs, ['a', 's'], { flag: 'TRUE', n: 3, s: 1.5 })).toEqual([
      0,
      { value: true },
      { value: 3n },
      { value: '1.5' },
    ]);
  });

  test('must be an input of the model', () => {
    expect(() => bind([input('threshold')], ['threshold'], { treshold: 1 })).toThrow(
      `The parameter 'treshold' (did you mean 'threshold'?) is no input of the model.`,
    );
  });

  test.each([
    ['float32', 'abc', `Parameter 'a': expected a number, found "abc".`],
    ['float32', 1e39, `Parameter 'a': expected a number, found "1e+39".`],
    ['int64', 1.5, `Parameter 'a': expected a whole number of 64 bits, found "1.5".`],
    ['bool', 'maybe', `Parameter 'a': expected true or false, found "maybe".`],
  ] as const)('must fit the input: %s %s', (type, constant, message) => {
    expect(() => bind([input('a', type)], [], { a: constant })).toThrow(message);
  });
});

describe('inputs of several columns', () => {
  test('take the first free columns in the order of the file', async () => {
    const { text } = await scoreOnce(rowSum(3), 'a,b,c,d\n1,2,3,4\n5,6,7,8\n');
    expect(text).toBe('a,b,c,d,Scored Labels\n1,2,3,4,321\n5,6,7,8,765\n');
  });

  test('take the columns that the metadata names', async () => {
    const { text } = await scoreOnce(rowSum(2, ['d', 'b']), 'a,b,c,d\n1,2,3,4\n5,6,7,8\n');
    expect(text).toBe('a,b,c,d,Scored Labels\n1,2,3,4,24\n5,6,7,8,68\n');
  });

  test('take a constant for a named column', async () => {
    const { text } = await scoreOnce(rowSum(2, ['d', 'b']), 'a,b\n1,2\n5,6\n', { constants: { d: 9 } });
    expect(text).toBe('a,b,Scored Labels\n1,2,29\n5,6,69\n');
  });

  test('leave the columns of other inputs alone', () => {
    const wide: ModelInput = { name: 'features', type: 'float32', width: 2 };
    expect(bind([wide, input('id')], ['id', 'x', 'y'])).toEqual([1, 2, 0]);
  });

  test('need enough columns', () => {
    const wide: ModelInput = { name: 'features', type: 'float32', width: 3 };
    expect(() => bind([wide, input('id')], ['x', 'id', 'y'])).toThrow(
      'data.csv line 1: the model takes 3 columns by order, the file has 2 for them.',
    );
  });
});
