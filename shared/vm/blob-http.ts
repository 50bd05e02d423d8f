/** A request to a blob over HTTP, on a guarded connection: a name that leads inside is refused as it is in the service. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { guardedConnection } from '../net/guarded-connection.ts';

export type BlobHttp = {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Hosts' names without port, lower case, that may lie inside: our own storage's. */
  readonly openHosts: readonly string[];
};

/**
 * Redirects are not followed, and nothing is unpacked.
 * @throws ForbiddenAddress, and what the system says about the connection
 */
export async function askOverHttp(call: BlobHttp, signal: AbortSignal): Promise<Response> {
  try {
    return await once(call, signal);
  } catch (error) {
    // The other side had closed an idle connection just before we used it again.
    if (error instanceof StaleConnection) return once(call, signal);
    throw error;
  }
}

class StaleConnection extends Error {}

async function once({ method, url, headers, body, openHosts }: BlobHttp, signal: AbortSignal) {
  const address = new URL(url);
  const guard = openHosts.includes(address.hostname) ? 'open' : 'closed';
  const length = body === undefined ? {} : { 'content-length': String(body.byteLength) };
  const request = guardedConnection(address, guard, { method, signal, headers: { ...headers, ...length } });
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.once('response', resolve);
  request.on('error', (error: NodeJS.ErrnoException) => {
    const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
    reject(stale ? new StaleConnection(error.message, { cause: error }) : error);
  });
  request.end(body);
  return responseOf(await promise, method);
}

function responseOf(reply: IncomingMessage, method: string): Response {
  const status = reply.statusCode ?? 500;
  const headers = new Headers();
  for (const [name, value] of Object.entries(reply.headers)) {
    if (typeof value === 'string') headers.set(name, value);
  }
  const isEmpty = method === 'HEAD' || status === 204 || status === 304;
  if (isEmpty) reply.resume();
  const body = isEmpty ? null : (Readable.toWeb(reply) as ReadableStream<Uint8Array<ArrayBuffer>>);
  return new Response(body, { status, headers });
}
