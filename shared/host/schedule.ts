/** A timer's schedule: NCRONTAB or a TimeSpan, with `%SETTING%` resolved first. */
import { parseNcrontab } from './ncrontab.ts';
import { refuse } from './refusal.ts';
import { parseTimeSpan } from './time-span.ts';

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
