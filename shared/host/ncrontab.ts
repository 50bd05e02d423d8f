/**
 * NCRONTAB as the real host's parser reads it: day of month AND weekday, `a/n` up to the maximum, reversed ranges
 * swapped, no `? L W #`.
 */
import { refuse } from './refusal.ts';

type Field = {
  readonly label: string;
  readonly least: number;
  readonly most: number;
  /** In lower case, from `least` on. */
  readonly names?: readonly string[];
};
const months = 'january february march april may june july august september october november december';
const weekdays = 'sunday monday tuesday wednesday thursday friday saturday';
const fields: readonly Field[] = [
  { label: 'second', least: 0, most: 59 },
  { label: 'minute', least: 0, most: 59 },
  { label: 'hour', least: 0, most: 23 },
  { label: 'day', least: 1, most: 31 },
  { label: 'month', least: 1, most: 12, names: months.split(' ') },
  { label: 'weekday', least: 0, most: 6, names: weekdays.split(' ') },
];
const dayMs = 86_400_000;
/** The calendar repeats after 400 years, weekdays included. */
const repeatMs = 146_097 * dayMs;
const calendarEndMs = Date.UTC(10_000, 0, 1);

export type Ncrontab = {
  /** The first time strictly after `fromMs`, in UTC; undefined = never. */
  next(fromMs: number): number | undefined;
  /** At most one second of a minute is meant: the real host keeps no status for others. */
  readonly isMonitored: boolean;
};

/** @throws HostRefusal with what is wrong, when it is no NCRONTAB expression */
export function parseNcrontab(expression: string): Ncrontab {
  const texts = expression.split(' ').filter((text) => text !== '');
  if (texts.length !== 5 && texts.length !== 6) refuse(`it has ${texts.length} fields instead of 5 or 6`);
  if (texts.length === 5) texts.unshift('0');
  const sets = fields.map((field, index) => parseField(texts[index] ?? '', field));
  return { next: (fromMs) => nextTime(sets, fromMs), isMonitored: sets[0]?.size === 1 };
}

function parseField(text: string, field: Field): ReadonlySet<number> {
  const { label, least, most } = field;
  const set = new Set<number>();
  const wrong = (why: string): never => refuse(`its ${label} "${text}" is wrong: ${why}`);
  for (const item of text.indexOf(',') > 0 ? text.split(',') : [text]) {
    const [range, stepText] = splitAt(item, '/');
    const step = stepText === undefined ? undefined : parseInteger(stepText);
    if (Number.isNaN(step)) wrong(`"${stepText}" is no step`);
    const [from, to] = splitAt(range, '-');
    let [first, last] = [least, most];
    if (range !== '*') {
      first = parseValue(from, field);
      if (to !== undefined) last = parseValue(to, field);
      else if (step === undefined) last = first;
    }
    const [low, high] = [Math.min(first, last), Math.max(first, last)];
    if (!(low >= least && high <= most && first <= most))
      wrong(`"${range}" is not understood, or not within ${least} and ${most}`);
    for (let value = low; value <= high; value += Math.max(1, step ?? 1)) set.add(value);
  }
  return set;
}

/** A mark that begins the text splits nothing. */
function splitAt(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, undefined];
}

/** NaN when it is none of 32 bits. */
function parseInteger(text: string): number {
  const value = /^\s*[+-]?[0-9]+\s*$/.test(text) ? Number(text) : NaN;
  return Math.abs(value) < 2 ** 31 ? value : NaN;
}

function parseValue(text: string, { names = [], least }: Field): number {
  if (/^[0-9]/.test(text)) return parseInteger(text);
  const index = text === '' ? -1 : names.findIndex((name) => name.startsWith(text.toLowerCase()));
  return index < 0 ? NaN : index + least;
}

function nextTime(sets: readonly ReadonlySet<number>[], fromMs: number): number | undefined {
  const has = (field: number, value: number): boolean => sets[field]?.has(value) === true;
  const leastMs = (Math.floor(fromMs / 1000) + 1) * 1000;
  const firstDayMs = Math.floor(leastMs / dayMs) * dayMs;
  const endMs = Math.min(calendarEndMs, firstDayMs + repeatMs);
  for (let at = firstDayMs; at < endMs; at += dayMs) {
    const date = new Date(at);
    if (!has(4, date.getUTCMonth() + 1) || !has(3, date.getUTCDate()) || !has(5, date.getUTCDay())) continue;
    // From here in seconds of the day; what does not fit is skipped as a whole.
    for (let time = Math.max(0, leastMs - at) / 1000; time < dayMs / 1000;) {
      if (!has(2, Math.floor(time / 3600))) time += 3600 - (time % 3600);
      else if (!has(1, Math.floor(time / 60) % 60)) time += 60 - (time % 60);
      else if (!has(0, time % 60)) time++;
      else return at + time * 1000;
    }
  }
  return undefined;
}
