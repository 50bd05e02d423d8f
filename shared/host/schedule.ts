/** A timer's schedule: NCRONTAB or a TimeSpan, with `%SETTING%` resolved first. */
import { parseNcrontab } from './ncrontab.ts';

export type Schedule = {
  readonly kind: 'cron' | 'timespan';
  /** The first time after `fromMs`; undefined = never. */
  next(fromMs: number): number | undefined;
  /** Whether the real host keeps its status: it fires once a minute at most. */
  readonly isMonitored: boolean;
  /** What its author has probably not meant. */
  readonly warning?: string;
};

/** @param settings the app's settings; names ignore case
 * @returns a sentence instead when no schedule can be made of it */
export function parseSchedule(
  expression: string,
  settings: Readonly<Record<string, string | undefined>>,
): Schedule | string {
  const resolved = resolveSettings(expression, settings);
  if (typeof resolved === 'string') return resolved;
  const cron = parseNcrontab(resolved.text);
  if (typeof cron !== 'string')
    return { kind: 'cron', next: (fromMs) => cron.next(fromMs), isMonitored: !cron.isOftenerThanMinutely };
  const spanMs = parseTimeSpan(resolved.text);
  if (spanMs === undefined)
    return `the schedule "${expression}" is neither NCRONTAB (${cron}) nor a TimeSpan`;
  const days = Math.floor(spanMs / 86_400_000);
  return {
    kind: 'timespan',
    next: (fromMs) => fromMs + spanMs,
    isMonitored: spanMs >= 60_000,
    ...(days > 0 && !resolved.text.includes('.')
      ? {
          warning: `the schedule "${expression}" is a TimeSpan of ${days} days: a first number above 23, or alone, counts days`,
        }
      : {}),
  };
}

function resolveSettings(
  expression: string,
  settings: Readonly<Record<string, string | undefined>>,
): { readonly text: string } | string {
  const pieces = expression.split('%');
  if (pieces.length % 2 === 0) return `the schedule "${expression}" has a "%" without its partner`;
  for (let index = 1; index < pieces.length; index += 2) {
    const name = pieces[index] ?? '';
    const key =
      name in settings ? name : Object.keys(settings).find((key) => key.toLowerCase() === name.toLowerCase());
    const value = key === undefined ? undefined : settings[key];
    if (value === undefined || value === '')
      return `the schedule "${expression}" needs the setting "${name}", which is missing or empty`;
    pieces[index] = value;
  }
  return { text: pieces.join('') };
}

const shape = /^\s*(-?)(?:(\d+)|(?:(\d+)[.:])?(\d+):(\d+)(?::(\d+)(?:\.(\d{1,7}))?)?)\s*$/;

/**
 * .NET's `TimeSpan.TryParse`: `[-][d.]hh:mm[:ss[.f]]`, `d`, `d:hh:mm:ss`; where hours do not fit, the first number is
 * days.
 */
function parseTimeSpan(text: string): number | undefined {
  const found = shape.exec(text);
  if (found === null) return undefined;
  const [, sign, alone, dayText, a, b, c, fraction = ''] = found;
  const isDotted = /^\s*-?\d+\./.test(text);
  let numbers = [dayText, a, b, c].filter((part) => part !== undefined).map(Number);
  if (alone !== undefined) numbers = [Number(alone), 0, 0, 0];
  else if (dayText === undefined || (!isDotted && numbers.length === 3)) {
    const first = numbers[0] ?? 0;
    if (numbers.length === 2) numbers = [0, ...numbers, 0];
    else numbers = first > 23 ? [first, ...numbers.slice(1), 0] : [0, ...numbers];
  } else if (numbers.length === 3) numbers.push(0);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = numbers;
  if (days > 10_675_199 || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const totalMs =
    ((days * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1000 + Number(`0.${fraction || 0}`) * 1000;
  return sign === '-' ? -totalMs : totalMs;
}
