/** Route constraints (`{id:int}`) with the answers that the real host's router gives, odd ones included. */
import { HostRefusal } from './refusal.ts';

/** @param value undefined = the parameter is absent and has no default */
export type Constraint = (value: string | undefined) => boolean;

const whole = /^[\t-\r ]*[+-]?\d+[\t-\r ]*$/;
const number = /^[\t-\r ]*[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(e[+-]?\d+)?[\t-\r ]*$/i;
const decimal = /^[\t-\r ]*[+-]?(?:\d[\d,]*\.?\d*|\.\d+)[+-]?[\t-\r ]*$/;
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

/** @param text as between the colons: `int`, `range(1,5)`
 * @throws HostRefusal when the router would refuse it */
export function makeConstraint(text: string): Constraint {
  const open = text.indexOf('(');
  const name = (open < 0 ? text : text.slice(0, open)).toLowerCase();
  const inside = open < 0 ? undefined : text.slice(open + 1, -1);
  if (open >= 0 && !text.endsWith(')')) refuse(text, 'its bracket is not closed');
  if (name === 'regex') return matchesRegex(inside ?? refuse(text, 'it needs a pattern'));
  const args = inside?.split(',').map((arg) => wholeNumber(text, arg)) ?? [];
  const make = makers[name] ?? refuse(text, 'there is no such constraint');
  if (args.length < make.fewest || args.length > make.most)
    refuse(text, 'it has the wrong number of arguments');
  if (make.sized === true && args.some((arg) => arg < 0n)) refuse(text, 'a length cannot be negative');
  if (args.length === 2 && (args[0] ?? 0n) > (args[1] ?? 0n))
    refuse(text, 'its first argument is above its second');
  const test = make.test(...args);
  return (value) => (value === undefined ? make.absent === true : test(value));
}

type Maker = {
  readonly fewest: number;
  readonly most: number;
  readonly sized?: true;
  readonly absent?: true;
  readonly test: (...args: bigint[]) => (value: string) => boolean;
};
const plain = (test: (value: string) => boolean): Maker => ({ fewest: 0, most: 0, test: () => test });
const sized = (test: (length: bigint, ...args: bigint[]) => boolean, most = 1): Maker => {
  return {
    fewest: 1,
    most,
    sized: true,
    test:
      (...args) =>
      (value) =>
        test(BigInt(value.length), ...args),
  };
};
const compared = (count: number, test: (value: bigint, a: bigint, b: bigint) => boolean): Maker => {
  const inRange = within(-(2n ** 63n), 2n ** 63n - 1n);
  return {
    fewest: count,
    most: count,
    test:
      (a = 0n, b = 0n) =>
      (value) =>
        inRange(value) && test(BigInt(value.trim()), a, b),
  };
};
const within =
  (least: bigint, most: bigint) =>
  (value: string): boolean => {
    if (!whole.test(value)) return false;
    const parsed = BigInt(value.trim().replace('+', ''));
    return parsed >= least && parsed <= most;
  };
const isFile = (value: string): boolean => /\.[^.]/.test(value.slice(value.lastIndexOf('/') + 1));

const makers: Readonly<Record<string, Maker>> = {
  int: plain(within(-(2n ** 31n), 2n ** 31n - 1n)),
  long: plain(within(-(2n ** 63n), 2n ** 63n - 1n)),
  bool: plain((value) => /^\s*(?:true|false)\s*$/i.test(value)),
  datetime: plain(isMoment),
  decimal: plain(
    (value) => decimal.test(value) && Math.abs(Number(value.replace(/[^\d.]/g, ''))) <= 7.922816251426434e28,
  ),
  double: plain(isFloat),
  float: plain(isFloat),
  guid: plain((value) => guid.test(value)),
  alpha: plain((value) => /^[a-z]*\n?$/i.test(value)),
  required: plain((value) => value !== ''),
  file: plain(isFile),
  nonfile: { ...plain((value) => !isFile(value)), absent: true },
  minlength: sized((length, least = 0n) => length >= least),
  maxlength: sized((length, most = 0n) => length <= most),
  length: sized((length, least = 0n, most = least) => length >= least && length <= most, 2),
  min: compared(1, (value, least) => value >= least),
  max: compared(1, (value, most) => value <= most),
  range: compared(2, (value, least, most) => value >= least && value <= most),
};

function isFloat(value: string): boolean {
  return number.test(value) || /^\s*[+-]?(?:nan|infinity|∞)\s*$/i.test(value);
}

function isMoment(value: string): boolean {
  const found = moment.exec(value);
  if (found === null) return false;
  const { y, m, d, y2, m2, d2 } = found.groups ?? {};
  if (y === undefined && y2 === undefined) return true;
  const [year, month, day] = [Number(y ?? y2), Number(m ?? m2), Number(d ?? d2 ?? 1)];
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/**
 * .NET's `\d` and `\w` know all scripts and its `$` a last line feed; a pattern that cannot say so in JavaScript is
 * taken as it is.
 */
function matchesRegex(pattern: string): Constraint {
  const translated = pattern
    .replaceAll(String.raw`\d`, String.raw`\p{Nd}`)
    .replaceAll(String.raw`\w`, String.raw`[\p{L}\p{Mn}\p{Nd}\p{Pc}]`)
    .replace(/(?<!\\)\$$/, String.raw`\n?$`);
  const regex =
    tryRegex(translated, 'iu') ?? tryRegex(pattern, 'i') ?? refuse(`regex(${pattern})`, 'it is no pattern');
  return (value) => value !== undefined && regex.test(value);
}

function tryRegex(pattern: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(pattern, flags);
  } catch {
    return undefined;
  }
}

function wholeNumber(text: string, arg: string): bigint {
  return whole.test(arg) ? BigInt(arg.trim().replace('+', '')) : refuse(text, `"${arg}" is no whole number`);
}

function refuse(text: string, why: string): never {
  throw new HostRefusal(`the route constraint "${text}" is refused: ${why}`);
}
