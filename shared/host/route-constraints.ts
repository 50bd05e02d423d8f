/** Route constraints (`{id:int}`) with the answers that the real host's router gives, odd ones included. */
import { refuse } from './refusal.ts';

/** @param value undefined = the parameter is absent and has no default */
export type Constraint = (value: string | undefined) => boolean;

type Test = (value: string) => boolean;
type Maker = readonly [argsLeast: number, argsMost: number, make: (...args: bigint[]) => Test];

const whole = /^[\t-\r ]*[+-]?\d+[\t-\r ]*$/;
const number = /^[\t-\r ]*[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(e[+-]?\d+)?[\t-\r ]*$/i;
const decimal = /^[\t-\r ]*[+-]?(?:\d[\d,]*\.?\d*|\.\d+)[+-]?[\t-\r ]*$/;
const decimalMost = 7.922816251426434e28;
const part = (digits: number): string => `(?=[+0-9a-fx]{${digits}}(?![0-9a-f]))\\+?(?:0x)?[0-9a-f]+`;
const dashed = `${part(8)}-${part(4)}-${part(4)}-${part(4)}-${part(12)}`;
const listed = `\\{0x[0-9a-f]{1,8},0x[0-9a-f]{1,4},0x[0-9a-f]{1,4},\\{0x[0-9a-f]{1,2}(?:,0x[0-9a-f]{1,2}){7}\\}\\}`;
const guid = new RegExp(
  `^\\s*(?:[0-9a-f]{32}|${dashed}|\\{${dashed}\\}|\\(${dashed}\\)|${listed})\\s*$`,
  'i',
);
const time = String.raw`\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?(?: ?[ap]m)?(?:Z| ?[+-]\d{2}:?\d{2})?`;
const date = String.raw`(?:(?<y>\d{4})[-/.](?<m>\d{1,2})(?:[-/.](?<d>\d{1,2}))?|(?<m2>\d{1,2})[-/.](?<d2>\d{1,2})[-/.](?<y2>\d{2,4}))`;
const moment = new RegExp(`^\\s*(?:${date}(?:[T ]+${time})?|${time})\\s*$`, 'i');

const plain = (test: Test): Maker => [0, 0, () => test];
const inBits =
  (bits: number): Test =>
  (value) =>
    whole.test(value) && BigInt.asIntN(bits, BigInt(value)) === BigInt(value);
const isLong = inBits(64);
const isFloat: Test = (value) => number.test(value) || /^\s*[+-]?(?:nan|infinity|∞)\s*$/i.test(value);
const isFile: Test = (value) => /\.[^.]/.test(value.slice(value.lastIndexOf('/') + 1));

const makers: Readonly<Record<string, Maker>> = {
  int: plain(inBits(32)),
  long: plain(isLong),
  bool: plain((value) => /^\s*(?:true|false)\s*$/i.test(value)),
  datetime: plain(isMoment),
  decimal: plain((value) => decimal.test(value) && Number(value.replace(/[^\d.]/g, '')) <= decimalMost),
  double: plain(isFloat),
  float: plain(isFloat),
  guid: plain((value) => guid.test(value)),
  alpha: plain((value) => /^[a-z]*\n?$/i.test(value)),
  required: plain((value) => value !== ''),
  file: plain(isFile),
  nonfile: plain((value) => !isFile(value)),
  minlength: [1, 1, (least) => (value) => value.length >= least],
  maxlength: [1, 1, (most) => (value) => value.length <= most],
  length: [
    1,
    2,
    (least, most = least) =>
      (value) =>
        value.length >= least && value.length <= most,
  ],
  min: [1, 1, (least) => (value) => isLong(value) && BigInt(value) >= least],
  max: [1, 1, (most) => (value) => isLong(value) && BigInt(value) <= most],
  range: [2, 2, (least, most) => (value) => isLong(value) && BigInt(value) >= least && BigInt(value) <= most],
};

/** @param text as between the colons: `int`, `range(1,5)`
 * @throws HostRefusal when the router would refuse it */
export function makeConstraint(text: string): Constraint {
  const wrong = (why: string): never => refuse(`the route constraint "${text}" is refused: ${why}`);
  const [, written = '', inside] = /^([^(]*)(?:\((.*)\))?$/s.exec(text) ?? wrong('its bracket is not closed');
  const name = written.toLowerCase();
  if (name === 'regex') return matchesRegex(inside ?? wrong('it needs a pattern'), wrong);
  const args = (inside?.split(',') ?? []).map((arg) =>
    whole.test(arg) ? BigInt(arg) : wrong(`"${arg}" is no whole number`),
  );
  const [least, most, make] = makers[name] ?? wrong('there is no such constraint');
  if (args.length < least || args.length > most) wrong('it has the wrong number of arguments');
  const [first = 0n, second = first] = args;
  if (name.endsWith('length') && (first < 0n || second < 0n)) wrong('a length cannot be negative');
  if (first > second) wrong('its first argument is above its second');
  const test = make(...args);
  return (value) => (value === undefined ? name === 'nonfile' : test(value));
}

function isMoment(value: string): boolean {
  const found = moment.exec(value);
  if (found === null) return false;
  const { y, m, d, y2 = y, m2 = m, d2 = d ?? 1 } = found.groups ?? {};
  if (y2 === undefined) return true;
  const [year, month, day] = [Number(y2), Number(m2), Number(d2)];
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/**
 * .NET's `\d` and `\w` know all scripts and its `$` a last line feed; a pattern that cannot say so in JavaScript is
 * taken as it is.
 */
function matchesRegex(pattern: string, wrong: (why: string) => never): Constraint {
  const translated = pattern
    .replaceAll(String.raw`\d`, String.raw`\p{Nd}`)
    .replaceAll(String.raw`\w`, String.raw`[\p{L}\p{Mn}\p{Nd}\p{Pc}]`)
    .replace(/(?<!\\)\$$/, String.raw`\n?$`);
  const regex = tryRegex(translated, 'iu') ?? tryRegex(pattern, 'i') ?? wrong('it is no pattern');
  return (value) => value !== undefined && regex.test(value);
}

function tryRegex(pattern: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(pattern, flags);
  } catch {
    return undefined;
  }
}
