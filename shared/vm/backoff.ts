/** How long to wait before the next try: doubling, bounded, and spread so that many VMs do not knock at once. Pure. */

export type Backoff = { readonly firstMs: number; readonly maxMs: number };

/**
 * Pause before try `failures + 1`, in ms.
 *
 * @param failures failed tries so far, from 1
 * @param fraction chance, 0 <= x < 1: the pause lies between half and all of the doubled value
 */
export function backoffMs(backoff: Backoff, failures: number, fraction: number): number {
  const wholeMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(wholeMs / 2 + (wholeMs / 2) * fraction);
}
