/**
 * NCRONTAB as the real host's parser reads it: day of month AND weekday, `a/n` up to the maximum, reversed ranges
 * swapped, no `? L W #`.
 */

type Field = {
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
};
const seconds: Field = { label: 'second', least: 0, most: 59 };
const months = 'January February March April May June July August September October November December'.split(
  ' ',
);
const weekdays = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const fields: readonly Field[] = [
  { label: 'minute', least: 0, most: 59 },
  { label: 'hour', least: 0, most: 23 },
  { label: 'day', least: 1, most: 31 },
  { label: 'month', least: 1, most: 12, names: months },
  { label: 'weekday', least: 0, most: 6, names: weekdays },
];
const dayMs = 86_400_000;
/** The calendar repeats after 400 years, weekdays included. */
const repeatMs = 146_097 * dayMs;
const calendarEndMs = Date.UTC(10_000, 0, 1);

export type Ncrontab = {
  /** The first time strictly after `fromMs`, in UTC; undefined = never. */
  next(fromMs: number): number | undefined;
  /** More than one second of a minute is meant: the real host keeps no status for these. */
  readonly isOftenerThanMinutely: boolean;
};

/** @returns a sentence instead when it is no NCRONTAB expression */
export function parseNcrontab(expression: string): Ncrontab | string {
  const texts = expression.split(' ').filter((text) => text !== '');
  if (texts.length !== 5 && texts.length !== 6) return `it has ${texts.length} fields instead of 5 or 6`;
  const all = texts.length === 6 ? [seconds, ...fields] : fields;
  const sets: ReadonlySet<number>[] = texts.length === 6 ? [] : [new Set([0])];
  for (const [index, field] of all.entries()) {
    const set = new Set<number>();
    const fault = addList(texts[index] ?? '', field, set);
    if (fault !== undefined) return `its ${field.label} "${texts[index]}" is wrong: ${fault}`;
    sets.push(set);
  }
  return { next: (fromMs) => nextTime(sets, fromMs), isOftenerThanMinutely: (sets[0]?.size ?? 0) > 1 };
}

function addList(text: string, field: Field, set: Set<number>): string | undefined {
  for (const item of text.indexOf(',') > 0 ? text.split(',') : [text]) {
    const fault = addItem(item, field, set);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function addItem(text: string, field: Field, set: Set<number>): string | undefined {
  const slash = text.indexOf('/');
  const step = slash > 0 ? parseInteger(text.slice(slash + 1)) : undefined;
  if (slash > 0 && step === undefined) return `"${text.slice(slash + 1)}" is no step`;
  const range = slash > 0 ? text.slice(0, slash) : text;
  const dash = range.indexOf('-');
  let first: number | undefined = field.least;
  let last: number | undefined = field.most;
  if (range !== '*') {
    first = parseValue(dash > 0 ? range.slice(0, dash) : range, field);
    last = dash > 0 ? parseValue(range.slice(dash + 1), field) : step === undefined ? first : field.most;
  }
  if (first === undefined || last === undefined) return `"${range}" is not understood`;
  const [low, high] = [Math.min(first, last), Math.max(first, last)];
  if (low < field.least || high > field.most || first > field.most) {
    return `"${range}" is not within ${field.least} and ${field.most}`;
  }
  for (let value = low; value <= high; value += Math.max(1, step ?? 1)) set.add(value);
  return undefined;
}

function parseInteger(text: string): number | undefined {
  const value = /^\s*[+-]?[0-9]+\s*$/.test(text) ? Number(text) : Infinity;
  return Math.abs(value) < 2 ** 31 ? value : undefined;
}

function parseValue(text: string, field: Field): number | undefined {
  if (/^[0-9]/.test(text)) return parseInteger(text);
  const prefix = text.toLowerCase();
  const index =
    prefix === '' ? -1 : (field.names ?? []).findIndex((name) => name.toLowerCase().startsWith(prefix));
  return index < 0 ? undefined : index + field.least;
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
