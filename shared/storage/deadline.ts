/** A call that is over in time, whatever it waits for: it is told to stop, and left alone if it does not. */

export class DeadlineError extends Error {
  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
    this.name = 'DeadlineError';
  }
}

/** @throws DeadlineError after `ms` */
export async function withDeadline<T>(ms: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new DeadlineError(ms);
      reject(error);
      controller.abort(error);
    }, ms);
  });
  try {
    return await Promise.race([call(controller.signal), over]);
  } catch (error) {
    // What the abort made of the call says less than why it was aborted.
    if (controller.signal.reason instanceof DeadlineError) throw controller.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
