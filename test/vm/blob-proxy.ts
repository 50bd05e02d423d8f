/** Stands between a VM and Azurite: sees every request, and delays, refuses or cuts the ones that a test names. */
import { once } from 'node:events';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';

export type SeenRequest = {
  readonly method: string;
  /** Name of the blob within its container. */
  readonly blob: string;
  /** `block`, `blocklist` or `''`. */
  readonly comp: string;
  readonly range: string;
  readonly bytes: number;
  /** How many like this (method, blob, comp) there have been, this one included. */
  readonly nth: number;
};

export type Action =
  | 'pass'
  /** Never reaches the storage. */
  | 'cut'
  /** Done by the storage, but nobody hears of it. */
  | 'cut-reply'
  /** The request's body arrives with another first byte. */
  | 'damage'
  /** The reply's body breaks off. */
  | { readonly afterBytes: number }
  | { readonly status: number; readonly code: string };

export type BlobProxy = {
  readonly seen: readonly SeenRequest[];
  /** The same URL through the proxy. */
  through(url: string): string;
  /** What becomes of each request from now on. */
  rule(decide: (seen: SeenRequest) => Action | Promise<Action>): void;
  close(): Promise<void>;
};

export async function startBlobProxy(): Promise<BlobProxy> {
  const seen: SeenRequest[] = [];
  let target = '';
  let decide: (one: SeenRequest) => Action | Promise<Action> = () => 'pass';

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const url = new URL(incoming.url ?? '', target);
    const method = incoming.method ?? '';
    const blob = decodeURIComponent(url.pathname.split('/').slice(3).join('/'));
    const comp = url.searchParams.get('comp') ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const alike = seen.filter((one) => one.method === method && one.blob === blob && one.comp === comp);
    const range = incoming.headers.range ?? '';
    const one = { method, blob, comp, range, bytes: body.length, nth: alike.length + 1 };
    seen.push(one);
    const action = await decide(one);
    if (action === 'cut') return incoming.socket.destroy();
    if (typeof action === 'object' && 'status' in action) {
      return response.writeHead(action.status, { 'x-ms-error-code': action.code }).end();
    }
    if (action === 'damage') body[0] = ~body.readUInt8() & 0xff;
    const { host: _, ...headers } = incoming.headers;
    const forwarded = ask(url, { method, headers, agent: false });
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    if (action === 'cut-reply') {
      answer.resume();
      await once(answer, 'end');
      return incoming.socket.destroy();
    }
    response.writeHead(answer.statusCode ?? 0, answer.headers);
    const closed = once(response, 'close');
    let leftBytes = typeof action === 'object' ? action.afterBytes : Infinity;
    for await (const chunk of answer) {
      const part = (chunk as Buffer).subarray(0, leftBytes);
      leftBytes -= part.length;
      if (!response.write(part)) await Promise.race([once(response, 'drain'), closed]);
      if (leftBytes === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        return incoming.socket.destroy();
      }
    }
    return response.end();
  };
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return {
    seen,
    through: (url) => {
      const parsed = new URL(url);
      target = parsed.origin;
      return url.replace(parsed.origin, `http://127.0.0.1:${address.port}`);
    },
    rule: (next) => {
      decide = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
