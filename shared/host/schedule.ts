/** A timer's schedule: NCRONTAB or a TimeSpan, with `%SETTING%` resolved first. */
import { parseNcrontab } from './ncrontab.ts';
import { refuse } from './refusal.ts';

export type Schedule = {
  readonly kind: 'cron' | 'timespan';
  /** The first time after `fromMs`; undefined = never. */
  next(fromMs: number): number | undefined;
  /** Whether the real host keeps its status: it fires once a minute at most. */
  readonly isMonitored: boolean;
  /** What its author has probably not meant. */
  readonly warning?: string;
};
type Settings = Readonly<Record<string, string | undefined>>;

const dayMs = 86_400_000;

/** @param settings the app's settings; names ignore case
 * @throws HostRefusal when no schedule can be made of it */
export function parseSchedule(expression: string, settings: Settings): Schedule {
  const text = resolveSettings(expression, settings);
  const spanMs = parseTimeSpan(text);
  if (spanMs === undefined) {
    try {
      return { kind: 'cron', ...parseNcrontab(text) };
    } catch (cause) {
      const why = (cause as Error).message;
      refuse(`the schedule "${expression}" is neither NCRONTAB (${why}) nor a TimeSpan`, cause);
    }
  }
  const schedule = {
    kind: 'timespan',
    next: (fromMs: number) => fromMs + spanMs,
    isMonitored: spanMs >= 60_000,
  } as const;
  if (spanMs < dayMs || text.includes('.')) return schedule;
  const meaning = `is a TimeSpan of ${Math.floor(spanMs / dayMs)} days: a first number above 23, or alone, counts days`;
  return { ...schedule, warning: `the schedule "${expression}" ${meaning}` };
}

function resolveSettings(expression: string, settings: Settings): string {
  const pieces = expression.split('%');
  if (pieces.length % 2 === 0) refuse(`the schedule "${expression}" has a "%" without its partner`);
  const named = (name: string): string => {
    const key = Object.keys(settings).find((one) => one.toLowerCase() === name.toLowerCase());
    const missing = `the schedule "${expression}" needs the setting "${name}", which is missing or empty`;
    return settings[name] || settings[key ?? ''] || refuse(missing);
  };
  return pieces.map((piece, index) => (index % 2 === 0 ? piece : named(piece))).join('');
}

const shape = /^\s*(-?)(?:(\d+)|(?:(\d+)([.:]))?(\d+):(\d+)(?::(\d+)(?:\.(\d{1,7}))?)?)\s*$/;

/**
 * .NET's `TimeSpan.TryParse`: `[-][d.]hh:mm[:ss[.f]]`, `d`, `d:hh:mm:ss`; where hours do not fit, the first number is
 * days.
 */
function parseTimeSpan(text: string): number | undefined {
  const found = shape.exec(text);
  if (found === null) return undefined;
  const [, sign, alone, dayText, mark, a, b, c, fraction = '0'] = found;
  let numbers = [dayText, a, b, c].filter((part) => part !== undefined).map(Number);
  if (alone !== undefined) numbers = [Number(alone)];
  else if (mark !== '.' && numbers.length === 2) numbers.unshift(0);
  else if (mark !== '.' && numbers.length === 3 && (numbers[0] ?? 0) <= 23) numbers.unshift(0);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = numbers;
  if (days > 10_675_199 || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const totalMs = (((days * 24 + hours) * 60 + minutes) * 60 + seconds + Number(`0.${fraction}`)) * 1000;
  return sign === '-' ? -totalMs : totalMs;
}
