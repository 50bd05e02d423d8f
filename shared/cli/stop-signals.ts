/** Ctrl-C and SIGTERM as one promise: the first asks to stop in order, a later one forces. */

/** npm passes a Ctrl-C on that the terminal has delivered already: within this time it is the same one. */
const sameSignalMs = 700;
const parentEveryMs = 250;

export type StopSignals = {
  /** Fulfilled by the first signal. */
  readonly asked: Promise<void>;
  /** Aborts with the first signal too, for what takes a signal. */
  readonly signal: AbortSignal;
  /** As the first signal does, without one. Nothing happens where one came before. */
  ask(): void;
  /** Back to the default: a signal ends the process. */
  dispose(): void;
};

/** `force` is called for every signal after the first; it must end the process. */
export function stopSignals(force: () => void): StopSignals {
  const controller = new AbortController();
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  let firstMs: number | undefined;
  const ask = () => {
    firstMs ??= performance.now();
    controller.abort();
    resolve();
  };
  const hear = () => {
    if (firstMs === undefined) ask();
    else if (performance.now() - firstMs > sameSignalMs) force();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, hear);
  const unwatch = watchParent(hear);
  return {
    asked,
    signal: controller.signal,
    ask,
    dispose() {
      names.forEach((name) => process.off(name, hear));
      unwatch();
    },
  };
}

/** A SIGTERM to npm ends npm and the shell between npm and us, and nobody tells us: then our parent is another one. */
function watchParent(onGone: () => void): () => void {
  if (process.env['npm_lifecycle_event'] === undefined) return () => undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, parentEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
