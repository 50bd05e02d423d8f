/** Waiting that ends early, and quietly, when nobody wants to wait any more. */
import { setTimeout as after } from 'node:timers/promises';

/** Resolves after `ms`, or at once when the signal fires; the caller looks at the signal. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await after(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
