/** A request to a blob over HTTP, on a guarded connection: a name that leads inside is refused as it is in the service. */
import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { guardedConnection } from '../net/guarded-connection.ts';

export type BlobHttp = {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Hosts' names without port, lower case, that may lie inside: our own storage's. */
  readonly openHosts: readonly string[];
};

export type BlobReply = {
  readonly status: number;
  readonly headers: Pick<Headers, 'get'>;
  /** The next bytes of the body; undefined at its end. @throws when the connection breaks before, or the signal has fired */
  readonly next: () => Promise<Uint8Array | undefined>;
};

/**
 * Redirects are not followed, and nothing is unpacked.
 * @throws ForbiddenAddress, and what the system says about the connection
 */
export async function askOverHttp(call: BlobHttp, signal: AbortSignal): Promise<BlobReply> {
  try {
    return await once(call, signal);
  } catch (error) {
    // The other side had closed an idle connection just before we used it again.
    if (error instanceof StaleConnection) return once(call, signal);
    throw error;
  }
}

export async function textOf({ next }: BlobReply): Promise<string> {
  const parts: Buffer[] = [];
  for (let part = await next(); part !== undefined; part = await next()) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString();
}

class StaleConnection extends Error {}

async function once(call: BlobHttp, signal: AbortSignal): Promise<BlobReply> {
  signal.throwIfAborted();
  const { method, headers, body, openHosts } = call;
  const address = new URL(call.url);
  const guard = openHosts.includes(address.hostname) ? 'open' : 'closed';
  const length = body === undefined ? {} : { 'content-length': String(body.byteLength) };
  const options = { method, headers: { ...headers, ...length } };
  const request = guardedConnection(address, guard, options);
  let reply: IncomingMessage | undefined;
  // Node's own `signal` throws out of a connection whose reply has come and is not read to its end.
  const stop = () => void (reply ?? request).destroy();
  signal.addEventListener('abort', stop, { once: true });
  request.once('close', () => signal.removeEventListener('abort', stop));
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.once('response', resolve);
  request.on('error', (error: NodeJS.ErrnoException) => {
    const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
    reject(stale ? new StaleConnection(error.message, { cause: error }) : error);
  });
  request.end(body);
  reply = await promise;
  return replyOf(reply);
}

function replyOf(reply: IncomingMessage): BlobReply {
  const headers = new Headers();
  for (const [name, value] of Object.entries(reply.headers)) {
    if (typeof value === 'string') headers.set(name, value);
  }
  // After the last `next` nobody hears of it.
  reply.on('error', () => undefined);
  const chunks = reply[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, unknown>;
  const next = async () => {
    const read = await chunks.next();
    return read.done === true ? undefined : read.value;
  };
  return { status: reply.statusCode ?? 500, headers, next };
}
