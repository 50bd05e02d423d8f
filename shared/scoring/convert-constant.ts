/** Converts a constant to its input's type by the same rules as a cell. */
import { decodableText, decodeText } from './decode-text.ts';
import type { ValueType } from './model-info.ts';
import { parseBool } from './parse-bool.ts';
import { parseInt64 } from './parse-int64.ts';
import { parseNumber } from './parse-number.ts';
import type { Constant } from './score-job.ts';

/** The value, or what was expected instead. */
export type ConvertedConstant =
  | { readonly kind: 'value'; readonly value: number | bigint | boolean | string }
  | { readonly kind: 'wrong'; readonly expected: string };

const fits = (value: number, type: ValueType): boolean =>
  Number.isFinite(type === 'float32' ? Math.fround(value) : value);

/** Texts are taken as they are for a string input; for others they are read as a cell would be. */
export function convertConstant(constant: Constant, type: ValueType): ConvertedConstant {
  const text = String(constant);
  const bytes = new TextEncoder().encode(text);
  const value = (
    found: number | bigint | boolean | string | undefined,
    expected: string,
  ): ConvertedConstant =>
    found === undefined ? { kind: 'wrong', expected } : { kind: 'value', value: found };
  switch (type) {
    case 'string':
      return value(decodeText(bytes, 0, bytes.length), decodableText);
    case 'bool':
      return value(parseBool(bytes, 0, bytes.length), 'true or false');
    case 'int64':
      return value(parseInt64(bytes, 0, bytes.length), 'a whole number of 64 bits');
    case 'float32':
    case 'float64': {
      const number = parseNumber(bytes, 0, bytes.length);
      return value(fits(number, type) ? number : undefined, 'a number');
    }
  }
}
