/** Connections to hosts that callers named: looked up once, and judged before they are connected to. */
import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { isForbiddenAddress } from './forbidden-address.ts';

/** `open`: our own or configured endpoints, which may be on this machine. */
export type Guard = 'closed' | 'open';

/** The host's name leads to an address that no caller may reach through us. */
export class ForbiddenAddress extends Error {
  constructor(host: string) {
    super(`${host} leads to an address that is not allowed`);
    this.name = 'ForbiddenAddress';
  }
}

/** Apart, so that no request of a closed one is sent over a connection that was made openly. */
const agents = {
  open: { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) },
  closed: {
    http: new HttpAgent({ keepAlive: true, lookup: guardedLookup }),
    https: new HttpsAgent({ keepAlive: true, lookup: guardedLookup }),
  },
};

/**
 * A request that is still to be ended; redirects are not followed.
 * @throws ForbiddenAddress for an address in the URL; for a name's it comes as the request's error
 */
export function guardedConnection(url: URL, guard: Guard, options: RequestOptions): ClientRequest {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // An address is never looked up, so the guard of the look-up does not see it.
  if (guard === 'closed' && isIP(host) !== 0 && isForbiddenAddress(host)) throw new ForbiddenAddress(host);
  return url.protocol === 'https:'
    ? httpsRequest(url, { ...options, agent: agents[guard].https })
    : httpRequest(url, { ...options, agent: agents[guard].http });
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
