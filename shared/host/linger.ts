/**
 * A connection that is to close after its answer is closed for writing only while its request is still arriving: closed
 * at once, what the client goes on sending would be answered with a reset, and many clients then never see the answer.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** The rest of a request is waited for so long. */
const lingerMs = 30_000;

/** To be called for every request of a connection, before it is answered. */
export function linger(req: IncomingMessage): void {
  const { socket } = req;
  // What the server does when the last answer of a connection is out.
  socket.destroySoon = () => {
    if (req.complete || socket.destroyed) return closeSoon(socket);
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
    req.once('close', () => closeSoon(socket));
    req.resume();
  };
}

function closeSoon(socket: Socket): void {
  if (socket.writable) socket.end();
  if (socket.writableFinished) socket.destroy();
  else socket.once('finish', () => socket.destroy());
}
