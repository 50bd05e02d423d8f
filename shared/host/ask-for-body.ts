/**
 * A client that sends `Expect: 100-continue` is asked for its body when a function first reads it, as the real host's
 * server does: one that is refused for its key or its length has sent nothing by then.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** To be called before the first byte of a body is read; without effect on clients that do not wait to be asked. */
export function askForBody({ headers, httpVersion }: IncomingMessage, res: ServerResponse): void {
  if (headers.expect?.toLowerCase() !== '100-continue' || httpVersion === '1.0' || res.headersSent) return;
  res.writeContinue();
}
