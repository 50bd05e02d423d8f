/** NCRONTAB as the real host's parser reads it: day of month AND weekday, `a/n` up to the maximum, reversed ranges swapped, no `? L W #`. */

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
/** The calendar repeats after this many years, weekdays included. */
const yearsUntilRepeat = 400;
const lastYear = 9999;

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
  const sorted = sets.map((set) => [...set].sort((a, b) => a - b));
  const [secondsOf = [], minutesOf = [], hoursOf = [], daysOf = [], monthsOf = []] = sorted;
  const weekdaySet = sets[5] ?? new Set();
  const start = new Date(Math.floor(fromMs / 1000) * 1000 + 1000);
  const startYear = start.getUTCFullYear();
  for (let year = startYear; year <= Math.min(lastYear, startYear + yearsUntilRepeat); year++) {
    for (const month of monthsOf) {
      if (year === startYear && month < start.getUTCMonth() + 1) continue;
      const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
      for (const day of daysOf) {
        const dayMs = Date.UTC(year, month - 1, day);
        if (
          day > days ||
          dayMs + 86_400_000 <= start.getTime() ||
          !weekdaySet.has(new Date(dayMs).getUTCDay())
        )
          continue;
        const found = timeOfDay(hoursOf, minutesOf, secondsOf, start.getTime() - dayMs);
        if (found !== undefined) return dayMs + found;
      }
    }
  }
  return undefined;
}

/** The first time of the day, in ms, that is not before `leastMs`. */
function timeOfDay(
  hours: readonly number[],
  minutes: readonly number[],
  secondsOf: readonly number[],
  leastMs: number,
): number | undefined {
  for (const hour of hours) {
    if ((hour + 1) * 3_600_000 <= leastMs) continue;
    for (const minute of minutes) {
      const minuteMs = hour * 3_600_000 + minute * 60_000;
      if (minuteMs + 60_000 <= leastMs) continue;
      const second = secondsOf.find((value) => minuteMs + value * 1000 >= leastMs);
      if (second !== undefined) return minuteMs + second * 1000;
    }
  }
  return undefined;
}
