/** Numbers in and out, against JavaScript's own reading and writing of the same texts. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatNumber, numberBytesMax, writeNumber } from '../../shared/scoring/format-number.ts';
import { parseBool } from '../../shared/scoring/parse-bool.ts';
import { parseInt64 } from '../../shared/scoring/parse-int64.ts';
import { parseNumber } from '../../shared/scoring/parse-number.ts';
import { echoModel } from './onnx-fixtures.ts';
import { score, scoreOnce, withEngine } from './score-text.ts';

const seed = Number(process.env['MILLPOND_NUMBERS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
process.stdout.write(`numbers: seed ${seed} (MILLPOND_NUMBERS_SEED=${seed} repeats it)\n`);

function parsed<T>(parse: (bytes: Uint8Array, start: number, end: number) => T, text: string): T {
  const bytes = Buffer.from(`<${text}>`);
  return parse(bytes, 1, bytes.length - 1);
}

function written(value: number): string {
  const bytes = new Uint8Array(numberBytesMax + 2);
  return Buffer.from(bytes.subarray(1, writeNumber(bytes, 1, value))).toString();
}

/** The labels a model gave: the last column. */
function labels(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.slice(line.lastIndexOf(',') + 1));
}

describe('reading', () => {
  test.each([
    ['1e3', 1000],
    ['-0', -0],
    ['.5', 0.5],
    ['5.', 5],
    ['+7', 7],
    [' 42 ', 42],
    ['\t1.5', 1.5],
    ['123456789012345678901234567890', Number(123456789012345678901234567890n)],
    ['1e-400', 0],
    ['1e400', Infinity],
  ])('%j is %d', (text, value) => {
    expect(parsed(parseNumber, text)).toBe(value);
  });

  test.each([
    '',
    ' ',
    '.',
    '-',
    '1e',
    '1e+',
    '0x1',
    '1,5',
    '1 2',
    'NaN',
    'Infinity',
    '--1',
    '١',
    '1'.repeat(2000),
  ])('%j is no number', (text) => {
    expect(parsed(parseNumber, text)).toBeNaN();
  });

  test.each([
    ['1.0', 1n],
    ['1e3', 1000n],
    ['12e-1', undefined],
    ['120e-1', 12n],
    ['-0', 0n],
    ['.5', undefined],
    ['.', undefined],
    ['', undefined],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9223372036854775808', undefined],
    ['-9223372036854775809', undefined],
    ['1e9999', undefined],
    ['0e9999', 0n],
    ['9007199254740993', 9007199254740993n],
    [' 7 ', 7n],
  ])('%j as a whole number is %s', (text, value) => {
    expect(parsed(parseInt64, text)).toBe(value);
  });

  test.each([
    ['TRUE', true],
    ['False', false],
    ['1', true],
    [' 0', false],
    ['yes', undefined],
    ['', undefined],
    ['constructor', undefined],
  ])('%j as a truth value is %s', (text, value) => {
    expect(parsed(parseBool, text)).toBe(value);
  });

  test.each([
    ['float64', ['1e3', '-0', '.5', ' 7 ', '7\t', '"  8"', '5.', '+1', '1'.repeat(30)]],
    ['int64', ['1e3', '-0', '7 ', '1.0', '"8 "', '+1']],
  ] as const)('numbers as people write them, for %s', async (type, texts) => {
    const { text } = await scoreOnce(
      echoModel('x', type),
      `x,t\n${texts.map((one) => `${one},`).join('\n')}\n`,
    );
    const values = texts.map((one) => Number(one.replaceAll('"', '')));
    expect(labels(text)).toEqual(values.map(formatNumber));
  });

  test('the scanner reads what JavaScript reads: doubles', async () => {
    const digits = fc.stringMatching(/^-?(\d{1,20}|\d{0,12}\.\d{1,12})(e-?\d{1,2})?$/);
    const texts = fc.sample(
      fc.oneof(digits, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)),
      {
        seed,
        numRuns: 5000,
      },
    );
    const { text } = await scoreOnce(
      echoModel('d', 'float64'),
      `i,d\n${texts.map((t) => `,${t}`).join('\n')}\n`,
    );
    expect(labels(text)).toEqual(texts.map((t) => formatNumber(Number(t))));
  });

  test('the scanner reads what JavaScript reads: whole numbers', async () => {
    const wide = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const values = fc.sample(fc.oneof(wide, fc.maxSafeInteger().map(BigInt)), { seed, numRuns: 2000 });
    const { text } = await scoreOnce(echoModel('n', 'int64'), `n\n${values.join('\n')}\n-0\n1.0\n`);
    expect(labels(text)).toEqual([...values.map(String), '0', '1']);
  });

  test('truth values', async () => {
    const { text } = await scoreOnce(echoModel('b', 'bool'), 'b\ntrue\n0\n"1"\n');
    expect(labels(text)).toEqual(['true', 'false', 'true']);
  });
});

describe('writing', () => {
  test.each([
    [0, '0'],
    [-0, '0'],
    [1, '1'],
    [0.5, '0.5'],
    [0.1 + 0.2, '0.3'],
    [Math.fround(0.1), '0.100000001'],
    [0.9999999999, '1'],
    [0.99999999949, '0.999999999'],
    [0.000001, '0.000001'],
    [0.00000123456789123, '0.00000123456789'],
    [1.5e-7, '1.5e-7'],
    [123456.7890123, '123456.789'],
    [1234567891, '1234567890'],
    [-1.25, '-1.25'],
    [1.7976931348623157e308, '1.79769313e+308'],
    [Number.NaN, 'NaN'],
  ])('%d is written %s', (value, text) => {
    expect(written(value)).toBe(text);
  });

  test('all numbers as the reference writes them, within the bytes promised', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    // Decimals with a 5 in the tenth place: ties, or as near to them as doubles come.
    const ties = fc.integer({ min: 1, max: 999_999_999 }).map((n) => (n + 0.5) / 1e9);
    fc.assert(
      fc.property(fc.oneof(unit, unit.map(Math.fround), ties, fc.double()), (value) => {
        expect(written(value)).toBe(formatNumber(value));
        expect(formatNumber(value).length).toBeLessThanOrEqual(numberBytesMax);
      }),
      { seed, numRuns: 20_000 },
    );
  });

  test('a float32 comes back as itself', async () => {
    const values = fc.sample(fc.float({ noNaN: true, noDefaultInfinity: true }), { seed, numRuns: 2000 });
    await withEngine(echoModel('x', 'float32'), async (engine) => {
      const { text } = await score(engine, `x\n${values.join('\n')}\n`);
      expect(labels(text).map((label) => Math.fround(Number(label)))).toEqual(values.map((v) => v + 0));
    });
  });
});
