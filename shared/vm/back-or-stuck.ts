/** A run that was told to end and may not come back: native code in the middle of a model knows of no signal. */

/** From `signal` on, the run has `ms` to come back. */
export type Grace = { readonly signal: AbortSignal; readonly ms: number };

/** What the run comes back with, or `stuck` as soon as a grace is over. @throws what the run throws until then */
export async function backOrStuck<T>(run: Promise<T>, graces: readonly Grace[]): Promise<T | 'stuck'> {
  const { promise: stuck, resolve } = Promise.withResolvers<'stuck'>();
  const timers: NodeJS.Timeout[] = [];
  const over = new AbortController();
  for (const { signal, ms } of graces) {
    const begin = () => void timers.push(setTimeout(() => resolve('stuck'), ms));
    if (signal.aborted) begin();
    else signal.addEventListener('abort', begin, { once: true, signal: over.signal });
  }
  try {
    return await Promise.race([run, stuck]);
  } finally {
    over.abort();
    for (const timer of timers) clearTimeout(timer);
  }
}
