/** A GET, a HEAD or a PUT without a body to an address that a caller chose: no redirects, a deadline, and never to a machine's own inside. */
import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { BlockList, isIP } from 'node:net';

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
  /** `open`: our own or configured endpoints, which may be on this machine. */
  readonly guard: 'closed' | 'open';
};

/** The host's name leads to an address that no caller may reach through us. */
export class ForbiddenAddress extends Error {
  constructor(host: string) {
    super(`${host} leads to an address that is not allowed`);
    this.name = 'ForbiddenAddress';
  }
}

/**
 * Loopback, link-local (with the metadata service), unspecified, multicast, and Azure's WireServer. Private networks
 * are allowed: a storage account behind a private endpoint has such an address.
 */
const inside = new BlockList();
inside.addSubnet('0.0.0.0', 8, 'ipv4');
inside.addSubnet('127.0.0.0', 8, 'ipv4');
inside.addSubnet('169.254.0.0', 16, 'ipv4');
inside.addAddress('168.63.129.16', 'ipv4');
inside.addSubnet('224.0.0.0', 4, 'ipv4');
inside.addSubnet('240.0.0.0', 4, 'ipv4');
inside.addAddress('::', 'ipv6');
inside.addAddress('::1', 'ipv6');
inside.addSubnet('fe80::', 10, 'ipv6');
inside.addSubnet('ff00::', 8, 'ipv6');

export function isForbiddenAddress(address: string): boolean {
  return inside.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };

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

function send(ask: Ask): Promise<IncomingMessage> {
  const url = new URL(ask.url);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // An address is never looked up, so the guard of the look-up does not see it.
  if (ask.guard === 'closed' && isIP(host) !== 0 && isForbiddenAddress(host)) {
    return Promise.reject(new ForbiddenAddress(host));
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = {
    method: ask.method,
    signal: ask.signal,
    headers: { 'x-ms-version': '2022-11-02' },
    ...(ask.guard === 'closed' ? { lookup: guardedLookup } : {}),
  };
  const request: ClientRequest =
    url.protocol === 'https:'
      ? httpsRequest(url, { ...options, agent: agents.https })
      : httpRequest(url, { ...options, agent: agents.http });
  request.once('response', resolve);
  request.on('error', (error: NodeJS.ErrnoException) => {
    const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
    reject(stale ? new StaleConnection() : error);
  });
  request.end();
  return promise;
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

function guardedLookup(host: string, options: object, callback: LookupCallback): void {
  const all: LookupAllOptions = { ...options, all: true };
  lookup(host, all, (error, addresses) => {
    if (error !== null) return callback(error, []);
    if (addresses.some(({ address }) => isForbiddenAddress(address))) {
      return callback(new ForbiddenAddress(host), []);
    }
    const [first] = addresses;
    if ('all' in options && options.all === true) return callback(null, addresses);
    return callback(null, first?.address ?? '', first?.family);
  });
}
