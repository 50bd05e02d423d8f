/** Retries of a storage call: exponential pauses with jitter, then a fault that says what kind of trouble it is. */
import { StoreFault, type Clock, type Random } from '../app/ports.ts';
import { limits } from '../core/limits.ts';
import { TableFault } from './table.ts';

/** Pause before the try number `tried` + 1 (`tried` >= 1), without jitter. */
export function backoffMs(tried: number): number {
  return limits.storageBackoffMs * 2 ** (tried - 1);
}

/** Between half and one and a half of it, so that many writers do not come back together. */
export function jittered(ms: number, fraction: number): number {
  return Math.round(ms * (0.5 + fraction));
}

/**
 * Tries up to `limits.storageTriesMax` times. Only `TableFault`s are tried again, and not the refused ones.
 * @param what for the message: `reading a row of millpondpools`
 * @throws StoreFault after the last try
 */
export async function withTries<T>(
  what: string,
  tools: { readonly clock: Clock; readonly random: Random },
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (fault) {
      if (!(fault instanceof TableFault)) throw fault;
      if (fault.code === 'refused' || tried === limits.storageTriesMax) {
        const tries = tried === 1 ? '1 try' : `${tried} tries`;
        throw new StoreFault(fault.code, `No luck with ${what} after ${tries}: ${fault.message}`, {
          cause: fault,
        });
      }
      const askedMs = Math.min(fault.retryAfterMs ?? 0, limits.storageCallMs);
      await tools.clock.sleep(Math.max(askedMs, jittered(backoffMs(tried), tools.random.fraction())));
    }
  }
}
