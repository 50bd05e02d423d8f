/**
 * A connection that is to close after its answer is closed for writing only while its request is still arriving: closed
 * at once, what the client goes on sending would be answered with a reset, and many clients then never see the answer.
 */
import type { IncomingMessage } from 'node:http';

/** The rest of a request is waited for so long. */
const lingerMs = 30_000;

/** To be called for every request of a connection, before it is answered. */
export function linger(req: IncomingMessage): void {
  const { socket } = req;
  const close = (): void => {
    if (socket.writableFinished) socket.destroy();
    else socket.once('finish', () => socket.destroy());
  };
  // What the server does when the last answer of a connection is out.
  socket.destroySoon = () => {
    socket.end();
    if (req.complete) return close();
    req.once('close', close).resume();
    const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
    socket.once('close', () => clearTimeout(timer));
  };
}
