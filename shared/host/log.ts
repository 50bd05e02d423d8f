/**
 * The host's log: lines as Core Tools prints them, gathered for some milliseconds so that a busy host pays one write
 * for many.
 */
import type { LogLevel } from './core-types.ts';

const order: readonly LogLevel[] = ['trace', 'debug', 'information', 'warning', 'error', 'critical', 'none'];
const flushMs = 10;

export type Log = {
  /** `category` is the real host's: `Host`, `Function.<name>`, `Function.<name>.User`, `Worker`. */
  (level: LogLevel, category: string, message: string): void;
  /** Writes what is waiting now; call it before the process ends. */
  flush(): void;
};

/**
 * @param levels `logging.logLevel` of host.json: the longest matching prefix of the category decides, then `default`.
 */
export function createLog(levels: Readonly<Record<string, string>>, write: (text: string) => void): Log {
  const thresholds = new Map<string, number>();
  let waiting = '';
  // Of the last line: many come in one millisecond.
  let stampedMs = 0;
  let stamp = '';
  const threshold = (category: string): number => {
    const keys = Object.keys(levels).filter((key) => `${category}.`.startsWith(`${key}.`));
    const key = keys.sort((a, b) => b.length - a.length)[0] ?? 'default';
    return Math.max(0, order.indexOf((levels[key] ?? 'information').toLowerCase() as LogLevel));
  };
  const flush = (): void => {
    if (waiting !== '') write(waiting);
    waiting = '';
  };
  const log = (level: LogLevel, category: string, message: string): void => {
    let least = thresholds.get(category);
    if (least === undefined) thresholds.set(category, (least = threshold(category)));
    if (order.indexOf(level) < least) return;
    if (waiting === '') setTimeout(flush, flushMs).unref();
    const nowMs = Date.now();
    if (nowMs !== stampedMs) stamp = new Date((stampedMs = nowMs)).toISOString();
    waiting += `[${stamp}] ${message}\n`;
  };
  return Object.assign(log, { flush });
}

/** The whole story of a fault, for the log. */
export function describeFault(fault: unknown): string {
  return fault instanceof Error ? (fault.stack ?? `${fault.name}: ${fault.message}`) : String(fault);
}
