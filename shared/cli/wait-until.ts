/** Looks again and again until something is so; used where the API can only be polled. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from './cli-error.ts';

export type WaitOptions = {
  readonly everyMs: number;
  /** The longest time without any change of what `look` returns (compared as JSON). */
  readonly quietMsMax: number;
  /** Ends the sentence "Nothing has changed for ... while waiting for". */
  readonly what: string;
  readonly signal: AbortSignal;
};

/**
 * @returns the first value that `isDone` accepts.
 * @throws CliError when nothing changes for too long, the signal's reason when it fires, and what `look` throws.
 */
export async function waitUntil<T>(
  look: () => Promise<T>,
  isDone: (value: T) => boolean,
  options: WaitOptions,
): Promise<T> {
  let last = '';
  let changedMs = performance.now();
  for (;;) {
    const value = await look();
    if (isDone(value)) return value;
    const text = JSON.stringify(value);
    const nowMs = performance.now();
    if (text !== last) changedMs = nowMs;
    last = text;
    if (nowMs - changedMs > options.quietMsMax) {
      const quiet = `Nothing has changed for ${Math.round(options.quietMsMax / 1_000)} s`;
      throw new CliError(
        `${quiet} while waiting for ${options.what}. The last answer was ${text.slice(0, 500)}.`,
      );
    }
    await sleep(options.everyMs, undefined, { signal: options.signal });
  }
}
