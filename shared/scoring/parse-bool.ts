/** Reads a truth value from a cell's bytes, in the spellings that spreadsheets, R, pandas and databases write. */
import { trimmedText } from './parse-number.ts';

const spellings: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false };

/** `true`, `false`, `1` or `0` in any case, blanks around it ignored; undefined when it is something else. */
export function parseBool(bytes: Uint8Array, start: number, end: number): boolean | undefined {
  const text = trimmedText(bytes, start, end)?.toLowerCase();
  return text !== undefined && Object.hasOwn(spellings, text) ? spellings[text] : undefined;
}
