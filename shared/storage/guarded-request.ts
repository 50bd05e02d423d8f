/** A GET, a HEAD or a PUT without a body to an address that a caller chose: no redirects, a deadline, and never to a machine's own inside. */
import type { IncomingMessage } from 'node:http';
import { guardedConnection, type Guard } from '../net/guarded-connection.ts';

export type Answer = {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** Empty for HEAD; cut off (and `whole: 'no'`) behind `bytesMax`. */
  readonly body: Uint8Array;
  readonly whole: 'yes' | 'no';
};

export type Ask = {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly url: string;
  readonly signal: AbortSignal;
  readonly bytesMax: number;
  readonly guard: Guard;
};

/** @throws ForbiddenAddress, or what the system says about the connection (`code`: ENOTFOUND ...) */
export async function guardedRequest(ask: Ask): Promise<Answer> {
  try {
    return await once(ask);
  } catch (error) {
    // The other side had closed an idle connection just before we used it again.
    if (error instanceof StaleConnection) return once(ask);
    throw error;
  }
}

class StaleConnection extends Error {}

async function once(ask: Ask): Promise<Answer> {
  const reply = await send(ask);
  const length = Number(reply.headers['content-length'] ?? 0);
  const header = (name: string) => {
    const value = reply.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const answer = { status: reply.statusCode ?? 0, header };
  if (ask.method === 'HEAD') {
    reply.resume();
    return { ...answer, body: new Uint8Array(), whole: 'yes' };
  }
  if (length > ask.bytesMax) {
    reply.destroy();
    return { ...answer, body: new Uint8Array(), whole: 'no' };
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of reply as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > ask.bytesMax) return { ...answer, body: new Uint8Array(), whole: 'no' };
    chunks.push(chunk);
  }
  return { ...answer, body: Buffer.concat(chunks), whole: 'yes' };
}

async function send({ method, url, signal, guard }: Ask): Promise<IncomingMessage> {
  const headers = { 'x-ms-version': '2022-11-02' };
  const request = guardedConnection(new URL(url), guard, { method, signal, headers });
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.once('response', resolve);
  request.on('error', (error: NodeJS.ErrnoException) => {
    const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
    reject(stale ? new StaleConnection() : error);
  });
  request.end();
  return promise;
}
